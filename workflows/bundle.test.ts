import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

/** Every start of a worker reads the code, and every new run evaluates it: characters without the source map. */
const LIMIT = 2_100_000;
/** Of that, our own part. */
const OWN_LIMIT = 900_000;

type Module = { readonly path: string; readonly text: string };
type SourceMap = { readonly sources: readonly string[]; readonly sourcesContent: readonly string[] };

const isOwn = (path: string): boolean => !path.includes('node_modules') && !path.startsWith('webpack/');
/** The folder in the project, whose name this file's own place tells. */
const roomOf = (path: string): string | undefined => path.slice(project.length).split('/')[0];
const project = fileURLToPath(new URL('../', import.meta.url)).replaceAll('\\', '/');

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
    modules = map.sources.map((path, i) => ({ path: path.replaceAll('\\', '/'), text: map.sourcesContent[i] ?? '' }));
    warnings = told;
  }, 60_000);

  const paths = (): readonly string[] => modules.map(({ path }) => path);
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

  it('holds three rooms, of flow and schemas only what core.ts reaches, and no import of Node', () => {
    const own = modules.filter(({ path }) => isOwn(path));
    expect(new Set(own.map(({ path }) => roomOf(path)))).toEqual(new Set(['flow', 'schemas', 'workflows']));
    expect(own.filter(({ path }) => /\/(?:flow|schemas)\/index\.ts$|\/flow\/import\//.test(path))).toEqual([]);
    // A module of Node that is imported for more than its types fails the bundling itself.
    const imports = own.flatMap(({ text }) => Array.from(text.matchAll(/\bfrom '([^']+)'/g), ([, name]) => name ?? ''));
    const outside = new Set(imports.filter((name) => !name.startsWith('.')));
    expect([...outside].filter((name) => name !== '@temporalio/workflow' && !name.startsWith('@noble/hashes/'))).toEqual([]);
    expect(outside.size).toBeGreaterThan(1);
  });

  it('is small enough to be read at every start', () => {
    const ownSize = modules.filter(({ path }) => isOwn(path)).reduce((sum, { text }) => sum + text.length, 0);
    expect(code.length, 'characters of the whole bundle').toBeLessThan(LIMIT);
    expect(ownSize, 'characters of our own sources in it').toBeLessThan(OWN_LIMIT);
  });
});
