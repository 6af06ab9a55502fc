/** Lint rules: sound TypeScript, imports that point one way (docs/architecture.md), and n8n's own rules for the node. */
import communityNodes from '@n8n/eslint-plugin-community-nodes';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import nodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

const TYPESCRIPT = ['**/*.{ts,mts}'];

/** The render server's layers, lowest first. A part may import itself, what it uses, and every layer below. */
const LAYERS = [
  { 'errors.ts': [], 'bounded.ts': [], 'evidence.ts': [], 'check-key.ts': [], 'words.ts': [], 'prices.ts': [], 'validate.ts': ['errors.ts'], 'addresses.ts': ['errors.ts'] },
  { 'config.ts': ['telemetry'], telemetry: [] },
  { store: ['blobs'], blobs: [] },
  { browsers: [], capture: ['browsers'], checks: [], analysis: ['checks'], report: ['browsers'] },
  { jobs: [], webhooks: [] },
  { gateway: [] },
  { 'app.ts': [], 'explain.ts': [] },
  { 'main.ts': [], cli: [], 'cli.ts': ['main.ts', 'cli'] },
];

const layerZones = LAYERS.flatMap((layer, rank) =>
  Object.entries(layer).map(([part, uses]) => ({
    target: `./render-server/src/${part}`,
    from: './render-server/src',
    except: [part, ...uses, ...LAYERS.slice(0, rank).flatMap(Object.keys)].map((allowed) => `./${allowed}`),
    message: `Imports point one way: see LAYERS in eslint.config.mjs for what ${part} may use.`,
  })));

const ONLY_TYPES = 'Import its types only: the schemas would bring zod into the bundle of the node.';

export default tseslint.config(
  { ignores: ['dist/', '.tools/', '.cro-data/', 'reports/'] },

  {
    files: [...TYPESCRIPT, '**/*.{js,mjs}'],
    extends: [tseslint.configs.recommended],
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-restricted-syntax': ['error', {
        selector: 'TSAsExpression > TSAsExpression',
        message: 'A double assertion hides a wrong type: correct the type.',
      }],
    },
  },
  { files: ['**/*.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },

  {
    files: TYPESCRIPT,
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.mts', '.js'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', {
        zones: [
          ...layerZones,
          { target: './protocol', from: '.', except: ['./protocol', './node_modules'], message: 'The protocol imports nothing of ours.' },
          {
            target: ['./nodes', './credentials'],
            from: '.',
            except: ['./nodes', './protocol', './node_modules'],
            message: 'The node imports only the protocol.',
          },
          { target: './render-server', from: ['./nodes', './credentials'], message: 'The server knows nothing of n8n.' },
        ],
      }],
    },
  },

  {
    files: ['render-server/src/**/*.ts', 'protocol/*.ts'],
    ignores: ['render-server/src/config.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Read the environment in config.ts only.' }],
    },
  },

  {
    files: ['protocol/*.ts', 'nodes/**/*.ts'],
    ignores: ['protocol/messages.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', {
        patterns: [{ group: ['zod', 'zod/*', '**/messages.ts', '@cro-analyzer/protocol/messages'], allowTypeImports: true, message: ONLY_TYPES }],
      }],
    },
  },

  // n8n's rules, put together as its scanner does; see scripts/scan-node.mts.
  { ...communityNodes.configs.recommended, files: ['package.json', 'nodes/**/*.{ts,json}', 'credentials/**/*.ts'] },
  { files: ['package.json', 'nodes/**/*.json'], languageOptions: { parser: tseslint.parser } },
  { files: ['package.json', 'nodes/**', 'credentials/**'], plugins: { 'n8n-nodes-base': nodesBase } },
  { files: ['package.json'], rules: nodesBase.configs.community.rules },
  {
    files: ['credentials/**/*.ts'],
    rules: {
      ...nodesBase.configs.credentials.rules,
      'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off', // for n8n's own nodes
      'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off', // the other linter knows better
    },
  },
  {
    files: ['nodes/**/*.ts'],
    rules: {
      ...nodesBase.configs.nodes.rules,
      'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off', // wants a string, not the enum
      'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
      'n8n-nodes-base/node-param-type-options-max-value-present': 'off', // the server does have these limits
    },
  },
);
