import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Layers } from '../scripts/layers.ts';
import { rooms } from '../scripts/rooms.ts';

const project = resolve(import.meta.dirname, '..');

type Files = Readonly<Record<string, string>>;

/** A small project in a temporary folder; every path is relative to it. */
async function plant(files: Files): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'riskflow-layers-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** Runs scripts/layers.ts with the project's own rules on another folder. */
function layersOf(root: string, ...args: string[]): Promise<{ code: number; layers: Layers }> {
  return new Promise((done, fail) => {
    const script = [join(project, 'scripts/layers.ts'), '--root', root, '--json', ...args];
    const child = execFile(process.execPath, script, (error, stdout, stderr) => {
      if (stdout === '') fail(new Error(`scripts/layers.ts printed nothing: ${stderr}`, { cause: error }));
      else done({ code: child.exitCode ?? -1, layers: JSON.parse(stdout) as Layers });
    });
  });
}

const packageFiles = (name: string): Files => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', type: 'module', exports: { '.': './index.js' } }),
  [`node_modules/${name}/index.js`]: 'export const it = 1;\n',
});

const declared = ['zod', '@noble/hashes', 'yaml', '@temporalio/workflow', 'commander', 'pino', 'hono', 'kysely', 're2js'];
const declaredForTests = ['vitest', 'fast-check', 'knip'];
const undeclared = 'left-pad';

const manifest = JSON.stringify({
  name: 'planted',
  type: 'module',
  dependencies: Object.fromEntries(declared.map((name) => [name, '1.0.0'])),
  devDependencies: Object.fromEntries(declaredForTests.map((name) => [name, '1.0.0'])),
});

/** Everything that the rules allow, each at least once. */
const clean: Files = {
  'package.json': manifest,
  ...[...declared, ...declaredForTests, undeclared].map(packageFiles).reduce((all, files) => ({ ...all, ...files }), {}),

  'schemas/index.ts': `export { dsl, type Dsl } from './dsl.ts';\nexport * from './core.ts';\n`,
  'schemas/core.ts': `import { it } from '@noble/hashes';\nimport type { Dsl } from './dsl.ts';\nexport const hash = (dsl: Dsl): unknown => [it, dsl];\n`,
  'schemas/dsl.ts': `import { it } from 'zod';\nexport const dsl = it;\nexport type Dsl = typeof dsl;\n`,
  'flow/index.ts': `export { read } from './import/read.ts';\nexport * from './core.ts';\n`,
  'flow/core.ts': `import type { Dsl } from '../schemas/index.ts';\nimport { hash } from '../schemas/core.ts';\nexport const step = (dsl: Dsl): unknown => hash(dsl);\n`,
  'flow/import/read.ts': `import { it } from 'yaml';\nimport { dsl } from '../../schemas/index.ts';\nexport const read = [it, dsl];\n`,
  'flow/step.test.ts': `import { readFileSync } from 'node:fs';\nimport fc from 'fast-check';\nimport { test } from 'vitest';\nimport { it } from 'yaml';\nimport { step } from './core.ts';\nexport default [readFileSync, fc, test, it, step];\n`,
  'evaluation/core.ts': `import { hash } from '../schemas/core.ts';\nexport const judge = hash;\n`,
  'evaluation/index.ts': `export * from './core.ts';\n`,
  'trends/index.ts': `import { hash } from '../schemas/core.ts';\nexport const count = hash;\n`,
  'activities/index.ts': `import { step } from '../flow/index.ts';\nexport const activities = { step };\n`,
  'workflows/index.ts': `import { it } from '@temporalio/workflow';\nimport type { activities } from '../activities/index.ts';\nimport { judge } from '../evaluation/core.ts';\nimport { step } from '../flow/core.ts';\nexport type A = typeof activities;\nexport const run = [it, judge, step];\n`,
  'connectors/index.ts': `import { step } from '../flow/index.ts';\nimport { createReadStream } from 'node:fs';\nexport const lines = [step, createReadStream];\n`,
  'storage/index.ts': `import { it } from 'kysely';\nimport { dsl } from '../schemas/index.ts';\nexport const store = [it, dsl];\n`,
  'storage/store.contract.ts': `import { test } from 'vitest';\nexport const contract = test;\n`,
  'storage/store.test.ts': `import { store } from './index.ts';\nimport { contract } from './store.contract.ts';\nexport const t = [store, contract];\n`,
  'models/index.ts': `export const models = 1;\n`,
  'knowledge/index.ts': `export const knowledge = 1;\n`,
  'sandbox/index.ts': `export const sandbox = 1;\n`,
  'runtime/index.ts': [
    ...['schemas', 'flow', 'evaluation', 'trends', 'activities', 'connectors', 'storage', 'models', 'knowledge', 'sandbox'].map(
      (room) => `export * as ${room} from '../${room}/index.ts';`,
    ),
    `export type * from '../workflows/index.ts';\n`,
  ].join('\n'),
  'cli/main.ts': `import { it } from 'commander';\nimport { it as log } from 'pino';\nimport { argv } from 'node:process';\nimport * as runtime from '../runtime/index.ts';\nexport const main = [it, log, argv, runtime];\n`,
  'server/index.ts': `import { it } from 'hono';\nimport * as runtime from '../runtime/index.ts';\nexport const server = [it, runtime];\n`,
  'console/index.ts': `import { dsl } from '../schemas/index.ts';\nexport const page = dsl;\n`,
  'dashboards/index.ts': `import * as runtime from '../runtime/index.ts';\nexport const boards = runtime;\n`,
  'examples/make.ts': `import { dsl } from '../schemas/index.ts';\nexport const example = dsl;\n`,
  'bench/main.ts': `import { read } from '../flow/import/read.ts';\nexport const bench = read;\n`,
  'scripts/check.ts': `import { it } from 'knip';\nexport const check = it;\n`,
  'docs/snippet.ts': `import { step } from '../flow/index.ts';\nexport const snippet = step;\n`,
  'tests/whole.test.ts': `import { test } from 'vitest';\nimport { bench } from '../bench/main.ts';\nimport { dsl } from '../schemas/dsl.ts';\nimport { check } from '../scripts/check.ts';\nexport const t = [test, bench, dsl, check];\n`,
};

/** One violation per rule: the file that commits it (and others that it needs), and what it must not import. */
type Planted = { readonly rule: string; readonly from: string; readonly imports: string; readonly text?: string; readonly more?: Files };

const entryOf = (room: string): string => (room === 'cli' ? '../cli/main.ts' : `../${room}/index.ts`);
const forbiddenRoom: Readonly<Record<string, string>> = {
  schemas: 'flow',
  flow: 'evaluation',
  evaluation: 'flow',
  trends: 'evaluation',
  workflows: 'storage',
  activities: 'models',
  connectors: 'storage',
  storage: 'models',
  models: 'knowledge',
  knowledge: 'sandbox',
  sandbox: 'storage',
  runtime: 'server',
  server: 'storage',
  cli: 'flow',
  console: 'storage',
};

const perRoom = Object.entries(rooms).flatMap(([room, { packages, node }]): Planted[] => [
  { rule: `${room}-rooms`, from: `${room}/planted-room.ts`, imports: entryOf(forbiddenRoom[room] ?? 'unknown') },
  ...(packages === undefined ? [] : [{ rule: `${room}-packages`, from: `${room}/planted-package.ts`, imports: 'kysely' }]),
  ...(node === false ? [{ rule: `${room}-no-node`, from: `${room}/planted-node.ts`, imports: 'node:fs' }] : []),
]);

const planted: readonly Planted[] = [
  ...perRoom,
  { rule: 'flow-rooms', from: 'flow/planted-crossing.test.ts', imports: '../storage/index.ts' },
  {
    rule: 'flow-rooms',
    from: 'flow/planted-dynamic.ts',
    imports: '../models/index.ts',
    text: `export const late = import('../models/index.ts');\n`,
  },
  {
    rule: 'evaluation-rooms',
    from: 'evaluation/planted-type.ts',
    imports: '../flow/index.ts',
    text: `export type T = import('../flow/index.ts').T;\n`,
  },
  { rule: 'schemas-rooms', from: 'schemas/planted-top.ts', imports: '../package.json' },
  {
    rule: 'schemas-no-node',
    from: 'schemas/planted-hidden.ts',
    imports: 'fs',
    text: `export const fs = process.getBuiltinModule('fs');\n`,
  },
  { rule: 'yaml-only-in-flow-import', from: 'flow/planted-yaml.ts', imports: 'yaml' },
  { rule: 'workflows-only-core', from: 'workflows/planted-index.ts', imports: '../evaluation/index.ts' },
  { rule: 'workflows-see-activities-as-types', from: 'workflows/planted-activity.ts', imports: '../activities/index.ts' },
  { rule: 'entries-only', from: 'activities/planted-inside.ts', imports: '../schemas/dsl.ts' },
  { rule: 'entries-only', from: 'scripts/planted-inside.ts', imports: '../schemas/dsl.ts' },
  { rule: 'leaves-stay-leaves', from: 'runtime/planted-leaf.ts', imports: '../bench/main.ts' },
  { rule: 'leaves-stay-leaves', from: 'examples/planted-leaf.ts', imports: '../tests/whole.test.ts' },
  {
    rule: 'no-cycles',
    from: 'models/planted-ring-a.ts',
    imports: './planted-ring-b.ts',
    more: { 'models/planted-ring-b.ts': `import type { a } from './planted-ring-a.ts';\nexport type B = typeof a;\n` },
  },
  { rule: 'no-unresolvable', from: 'models/planted-nowhere.ts', imports: './nowhere.ts' },
  { rule: 'no-undeclared-packages', from: 'models/planted-undeclared.ts', imports: undeclared },
  { rule: 'no-dev-packages-in-rooms', from: 'models/planted-dev.ts', imports: 'knip' },
  { rule: 'test-tools-only-in-tests', from: 'scripts/planted-tools.ts', imports: 'vitest' },
  { rule: 'tests-only-from-tests', from: 'storage/planted-contract.ts', imports: './store.contract.ts' },
  {
    rule: 'core-stays-light',
    from: 'evaluation/core.ts',
    imports: './planted-far.ts',
    more: {
      'evaluation/planted-far.ts': `import { it } from './planted-farther.ts';\nexport const far = it;\n`,
      'evaluation/planted-farther.ts': `export { dsl as it } from '../schemas/index.ts';\n`,
    },
  },
  {
    rule: 'workflows-stay-light',
    from: 'workflows/planted-heavy.ts',
    imports: './planted-heavier.ts',
    more: { 'workflows/planted-heavier.ts': `import { it } from 're2js';\nexport const step = it;\n` },
  },
];

const importing = ({ text, imports }: Planted): string => text ?? `import * as it from '${imports}';\nexport const a = it;\n`;

const dirty: Files = {
  ...clean,
  ...planted.reduce<Files>((all, one) => ({ ...all, [one.from]: importing(one), ...one.more }), {}),
};

const roots: string[] = [];
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))));

async function layersOfFiles(files: Files, ...args: string[]): Promise<{ code: number; layers: Layers }> {
  const root = await plant(files);
  roots.push(root);
  return layersOf(root, ...args);
}

describe('a planted violation of each layer rule', () => {
  let answer: Awaited<ReturnType<typeof layersOfFiles>>;
  beforeAll(async () => {
    answer = await layersOfFiles(dirty);
  });

  test.each(planted)('$rule fires for $from', ({ rule, from }) => {
    const fired = answer.layers.violations.filter((violation) => violation.from === from).map((violation) => violation.rule);
    expect(fired).toContain(rule);
  });

  test('fires for no other file, but for those that load a heavy core', () => {
    const guilty = new Set(planted.flatMap(({ from, more }) => [from, ...Object.keys(more ?? {})]));
    const others = answer.layers.violations.filter(({ from }) => !guilty.has(from)).map(({ rule, from }) => ({ rule, from }));
    expect(others).toEqual([{ rule: 'workflows-stay-light', from: 'workflows/index.ts' }]);
  });

  test('fails the check', () => {
    expect(answer.code).toBe(1);
  });

  test('every rule of the configuration has a planted violation', () => {
    const load = createRequire(import.meta.url);
    const names = ['.dependency-cruiser.cjs', '.dependency-cruiser.runtime.cjs'].flatMap((file) =>
      (load(join(project, file)) as { forbidden: { name: string }[] }).forbidden.map(({ name }) => name),
    );
    expect(new Set(planted.map(({ rule }) => rule))).toEqual(new Set(names));
  });
});

test('a project that keeps the rules passes, and every module of it was seen', async () => {
  const { code, layers } = await layersOfFiles(clean);
  const sources = Object.keys(clean).filter((path) => path.endsWith('.ts'));
  expect(layers).toEqual({ modules: sources.length, violations: [], unseen: [], unknownFolders: [] });
  expect(code).toBe(0);
});

test('modules that dependency-cruiser does not see fail the check, by name', async () => {
  const blind = `const rules = require(${JSON.stringify(join(project, '.dependency-cruiser.cjs'))});
module.exports = { ...rules, options: { ...rules.options, exclude: { path: '^(?:models|sandbox)/' } } };\n`;
  const root = await plant({ ...clean, '.blind.cjs': blind });
  roots.push(root);
  const { code, layers } = await layersOf(root, '--rules', join(root, '.blind.cjs'));
  expect(layers.unseen).toEqual(['models/index.ts', 'sandbox/index.ts']);
  expect(code).toBe(1);
});

test('a folder that is neither a room nor a leaf fails the check, by name', async () => {
  const { code, layers } = await layersOfFiles({ 'package.json': manifest, 'utils/index.ts': 'export const it = 1;\n' });
  expect(layers.unknownFolders).toEqual(['utils']);
  expect(code).toBe(1);
});
