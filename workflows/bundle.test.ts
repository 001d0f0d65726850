import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

/** Every start of a worker reads the code, and every new run evaluates it: characters without the source map. */
const LIMIT = 1_100_000;
/** Of that, our own part. */
const OWN_LIMIT = 450_000;

type Module = { readonly path: string; readonly text: string };
type SourceMap = { readonly sources: readonly string[]; readonly sourcesContent: readonly string[] };

const MAP = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,';

describe('the bundle of workflow code', () => {
  let code: string;
  let modules: readonly Module[];
  let warnings: readonly string[];

  beforeAll(async () => {
    const told: string[] = [];
    const logger = new DefaultLogger('WARN', ({ message }) => told.push(message));
    const bundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('index.ts', import.meta.url)), logger });
    const at = bundle.code.lastIndexOf(MAP);
    const map = JSON.parse(Buffer.from(bundle.code.slice(at + MAP.length).trim(), 'base64').toString('utf8')) as SourceMap;
    code = bundle.code.slice(0, at);
    modules = map.sources.map((path, i) => ({ path, text: map.sourcesContent[i] ?? '' }));
    warnings = told;
  }, 60_000);

  const paths = (): readonly string[] => modules.map(({ path }) => path.replaceAll('\\', '/'));
  const packages = (): ReadonlySet<string> =>
    new Set(paths().flatMap((path) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)\/(?!.*node_modules)/.exec(path)?.[1] ?? []));

  it('is made without a warning and holds the workflow with the interpreter', () => {
    expect(warnings).toEqual([]);
    for (const file of ['workflows/run-flow.ts', 'flow/engine/advance.ts', 'flow/engine/apply.ts', 'schemas/encoded-value.ts']) {
      expect(paths().filter((path) => path.endsWith(`/${file}`))).toHaveLength(1);
    }
    expect(code).toContain('async function runFlow(');
  });

  it("holds of packages only Temporal's own and hashing: no zod, yaml or regex engine", () => {
    expect([...packages()].toSorted()).toEqual(['@noble/hashes', '@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc']);
  });

  it('holds none of the rooms that do things, and no import of Node', () => {
    const rooms = [
      'activities',
      'connectors',
      'storage',
      'models',
      'knowledge',
      'sandbox',
      'runtime',
      'server',
      'cli',
      'console',
      'evaluation',
    ];
    const own = paths().filter((path) => !path.includes('/node_modules/') && !path.startsWith('webpack/'));
    const held = new Set(own.map((path) => path.split('/').findLast((part) => [...rooms, 'flow', 'schemas', 'workflows'].includes(part))));
    expect(held).toEqual(new Set(['flow', 'schemas', 'workflows']));
    expect(own.filter((path) => path.includes('/flow/import/') || path.endsWith('/index.ts'))).toEqual(
      own.filter((path) => /\/(workflows|flow\/\w+)\/index\.ts$/.test(path) && !path.includes('/flow/import/')),
    );
    expect(modules.filter(({ text }) => /\bfrom ['"]node:|require\(['"]node:/.test(text)).map(({ path }) => path)).toEqual([]);
    expect(code).not.toMatch(/external "(?:node:)?(?:fs|path|crypto|os|http|net|worker_threads|child_process)"/);
  });

  it('is small enough to be read at every start', () => {
    const own = modules.filter(({ path }) => !path.includes('node_modules') && !path.startsWith('webpack/'));
    const ownSize = own.reduce((sum, { text }) => sum + text.length, 0);
    expect(code.length, 'characters of the whole bundle').toBeLessThan(LIMIT);
    expect(ownSize, 'characters of our own sources in it').toBeLessThan(OWN_LIMIT);
  });
});
