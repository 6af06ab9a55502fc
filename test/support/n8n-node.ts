/** Our built package in n8n's own execution engine, without n8n's server. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { PackageDirectoryLoader } from 'n8n-core';
import type {
  IAuthenticate, ICredentialDataDecryptedObject, IHttpRequestOptions, INode, INodeExecutionData, INodeParameters, INodeType, INodeTypes,
  IRun, IWorkflowBase, IWorkflowExecuteAdditionalData, WorkflowExecuteMode,
} from 'n8n-workflow';

const ROOT = process.cwd();

// Required, not imported: n8n itself is CommonJS, and there must be one copy of n8n-workflow.
const load = createRequire(join(ROOT, 'package.json'));
load('reflect-metadata');
const core = load('n8n-core') as typeof import('n8n-core');
const { ICredentialsHelper, NodeConnectionTypes, Workflow } = load('n8n-workflow') as typeof import('n8n-workflow');

const NODE = 'CRO Analyzer';

/** Builds the package and loads it as n8n does. */
export async function loadPackage(): Promise<PackageDirectoryLoader> {
  await promisify(execFile)(process.execPath, [resolve(ROOT, 'node_modules/gulp/bin/gulp.js'), 'build'], { cwd: ROOT });
  const loader = new core.PackageDirectoryLoader(ROOT);
  await loader.loadAll();
  return loader;
}

export interface NodeRunOptions {
  server: { url: string; apiKey?: string };
  items: INodeExecutionData[];
  parameters: INodeParameters;
  onError?: INode['onError'];
  /** The setting Retry On Fail, with one more try. */
  retry?: boolean;
  mode?: WorkflowExecuteMode;
}

/** A run of a workflow that hands the items to the node. */
export interface NodeRun {
  /** The whole run, once it has ended. */
  readonly ended: Promise<IRun>;
  /** What the node wrote to the browser's console so far. */
  readonly console: unknown[];
  /** What the button Stop does. */
  stop(): void;
}

/** Runs the node over the items. */
export function startNode(loader: PackageDirectoryLoader, { server, items, parameters, onError, retry, mode = 'manual' }: NodeRunOptions): NodeRun {
  const start: INode = { id: 'start', name: 'Start', type: 'test.start', typeVersion: 1, position: [0, 0], parameters: {} };
  const node: INode = {
    id: 'node', name: NODE, type: 'n8n-nodes-cro-analyzer.croAnalyzer', typeVersion: 1, position: [200, 0], parameters,
    credentials: { croRenderServerApi: { id: '1', name: 'Server' } },
    ...(onError ? { onError } : {}),
    ...(retry ? { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 } : {}),
  };
  const base: IWorkflowBase = {
    id: 'w1', name: 'Test', active: false, activeVersionId: null, isArchived: false, createdAt: new Date(), updatedAt: new Date(),
    nodes: [start, node],
    connections: { Start: { main: [[{ node: NODE, type: NodeConnectionTypes.Main, index: 0 }]] } },
  };
  const workflow = new Workflow({ ...base, nodeTypes: nodeTypes(loader), settings: { executionOrder: 'v1' } });
  const console: unknown[] = [];
  const additionalData: Partial<IWorkflowExecuteAdditionalData> = {
    credentialsHelper: new OneCredential({ url: server.url, apiKey: server.apiKey ?? '' }, loader.getCredential('croRenderServerApi').type.authenticate),
    hooks: new core.ExecutionLifecycleHooks(mode, 'e1', base),
    sendDataToUI: (_type: string, data: object) => void console.push(data),
    executionId: 'e1', webhookWaitingBaseUrl: 'http://n8n.invalid/w', formWaitingBaseUrl: 'http://n8n.invalid/f', variables: {}, currentNodeExecutionIndex: 0,
  };
  const run = new core.WorkflowExecute(additionalData as IWorkflowExecuteAdditionalData, mode).run({ workflow, startNode: start, pinData: { Start: items } });
  return { ended: run, console, stop: () => run.cancel() };
}

/** The items on one output of the node. */
export function outputOf(run: IRun, output = 0): INodeExecutionData[] {
  return run.data.resultData.runData[NODE]?.[0]?.data?.main?.[output] ?? [];
}

function nodeTypes(loader: PackageDirectoryLoader): INodeTypes {
  const start: INodeType = {
    description: {
      displayName: 'Start', name: 'start', group: [], version: 1, description: '', defaults: {},
      inputs: [], outputs: [NodeConnectionTypes.Main], properties: [],
    },
    execute: () => Promise.resolve([]),
  };
  const get = (name: string): INodeType => (name === 'test.start' ? start : (loader.getNode('croAnalyzer').type as INodeType));
  return { getByName: get, getByNameAndVersion: get, getKnownTypes: () => ({}) };
}

/** A credential store that holds one credential. */
class OneCredential extends ICredentialsHelper {
  readonly #data: ICredentialDataDecryptedObject;
  readonly #authenticate: IAuthenticate | undefined;

  constructor(data: ICredentialDataDecryptedObject, authenticate: IAuthenticate | undefined) {
    super();
    this.#data = data;
    this.#authenticate = authenticate;
  }

  override getParentTypes(): string[] {
    return [];
  }

  override isCredentialUsableByNode(): boolean {
    return true;
  }

  override getDecrypted(): Promise<ICredentialDataDecryptedObject> {
    return Promise.resolve(this.#data);
  }

  override async authenticate(credentials: ICredentialDataDecryptedObject, _type: string, request: IHttpRequestOptions): Promise<IHttpRequestOptions> {
    return typeof this.#authenticate === 'function' ? await this.#authenticate(credentials, request) : request;
  }

  override preAuthentication(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override runPreAuthentication(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override getCredentials(): never {
    throw new Error('not needed');
  }

  override updateCredentials(): never {
    throw new Error('not needed');
  }

  override updateCredentialsOauthTokenData(): never {
    throw new Error('not needed');
  }

  override getCredentialsProperties(): [] {
    return [];
  }
}
