import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const project = resolve(import.meta.dirname, '..');

type RuleSetting = string | readonly [string, ...unknown[]];
type Config = {
  readonly rules: Readonly<Record<string, RuleSetting>>;
  readonly overrides: readonly { readonly files: readonly string[]; readonly rules: Readonly<Record<string, RuleSetting>> }[];
};
const config = JSON.parse(readFileSync(join(project, '.oxlintrc.json'), 'utf8')) as Config;

type Diagnostic = { readonly code: string; readonly message: string; readonly filename: string };

/** Lints a small project that has the given files and the project's own settings. */
function lint(root: string, files: Readonly<Record<string, string>>): Promise<readonly Diagnostic[]> {
  for (const name of ['.oxlintrc.json', 'tsconfig.json']) copyFileSync(join(project, name), join(root, name));
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'), 'junction');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const folders = [...new Set(Object.keys(files).map((path) => path.split('/', 1)[0] ?? path))];
  return new Promise((done, fail) => {
    const oxlint = join(project, 'node_modules/oxlint/bin/oxlint');
    const options = { cwd: root, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [oxlint, '--format', 'json', ...folders], options, (error, stdout, stderr) => {
      try {
        done((JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics);
      } catch (cause) {
        fail(new Error(`oxlint did not answer with JSON: ${stdout.slice(0, 500)} ${stderr}`, { cause: error ?? cause }));
      }
    });
  });
}

/** Rules for every file: the name in .oxlintrc.json, a text that breaks it, the file (default: one in runtime/). */
const everywhere: readonly { readonly rule: string; readonly text: string; readonly path?: string }[] = [
  { rule: 'eqeqeq', text: `export const same = (a: unknown, b: unknown): boolean => a == b;` },
  { rule: 'no-console', text: `console.log(1);` },
  { rule: 'no-unused-vars', text: `const unused = 1;` },
  { rule: 'no-var', text: `export var old = 1;` },
  { rule: 'prefer-const', text: `let fixed = 1;\nexport const it = fixed;` },
  { rule: 'import/no-default-export', text: `export default 1;` },
  { rule: 'typescript/await-thenable', text: `export const f = async (n: number): Promise<number> => await n;` },
  { rule: 'typescript/consistent-type-imports', text: `import { Stats } from 'node:fs';\nexport type S = Stats;` },
  { rule: 'typescript/no-explicit-any', text: `export type A = any;` },
  { rule: 'typescript/no-floating-promises', text: `const f = async (): Promise<void> => {};\nf();` },
  { rule: 'typescript/no-import-type-side-effects', text: `import { type Stats } from 'node:fs';\nexport type S = Stats;` },
  { rule: 'typescript/no-misused-promises', text: `export const f = (p: Promise<boolean>): number => (p ? 1 : 2);` },
  { rule: 'typescript/no-non-null-assertion', text: `export const f = (s: string | undefined): string => s!;` },
  { rule: 'typescript/no-unnecessary-type-assertion', text: `export const f = (s: string): string => s as string;` },
  { rule: 'typescript/no-unsafe-argument', text: `export const f = (s: string): number => Number.parseInt(JSON.parse(s));` },
  { rule: 'typescript/no-unsafe-assignment', text: `export const it = JSON.parse('1');` },
  { rule: 'typescript/no-unsafe-call', text: `JSON.parse('1')();` },
  { rule: 'typescript/no-unsafe-declaration-merging', text: `export interface A { a: 1 }\nexport class A {}` },
  { rule: 'typescript/no-unsafe-enum-comparison', text: `declare enum E { a = 1 }\nexport const f = (e: E): boolean => e === 1;` },
  { rule: 'typescript/no-unsafe-function-type', text: `export type F = Function;` },
  { rule: 'typescript/no-unsafe-member-access', text: `export const it: unknown = JSON.parse('1').a;` },
  { rule: 'typescript/no-unsafe-return', text: `export const f = (): string => JSON.parse('1');` },
  { rule: 'typescript/no-unsafe-unary-minus', text: `export const f = (s: string): number => -s;` },
  { rule: 'typescript/only-throw-error', text: `export const f = (): never => {\n  throw 'text';\n};` },
  { rule: 'typescript/prefer-readonly', text: `export class C {\n  private n = 1;\n  get m(): number {\n    return this.n;\n  }\n}` },
  {
    rule: 'typescript/switch-exhaustiveness-check',
    text: `export function f(k: 'a' | 'b'): void {\n  switch (k) {\n    case 'a':\n      break;\n  }\n}`,
  },
  { rule: 'unicorn/filename-case', text: `export const it = 1;`, path: 'runtime/camelCase.ts' },
  { rule: 'unicorn/no-process-exit', text: `export const f = (): never => process.exit(1);` },
  {
    rule: 'vitest/expect-expect',
    text: `import { test } from 'vitest';\ntest('asserts nothing', () => {});`,
    path: 'runtime/nothing.test.ts',
  },
  {
    rule: 'vitest/valid-expect',
    text: `import { expect, test } from 'vitest';\ntest('forgets the matcher', () => {\n  expect(1);\n});`,
    path: 'runtime/matcher.test.ts',
  },
  {
    rule: 'vitest/no-focused-tests',
    text: `import { expect, test } from 'vitest';\ntest.only('alone', () => expect(1).toBe(1));`,
    path: 'runtime/focused.test.ts',
  },
];

const pathOf = ({ rule, path }: (typeof everywhere)[number]): string => path ?? `runtime/${rule.replace('/', '-')}.ts`;
const isOn = (setting: RuleSetting): boolean => setting === 'error' || setting[0] === 'error';

/** `typescript/no-explicit-any` is reported as `typescript(no-explicit-any)`, `eqeqeq` as `eslint(eqeqeq)`. */
const codeOf = (rule: string): string => (rule.includes('/') ? `${rule.replace('/', '(')})` : `eslint(${rule})`);

const overrideFor = (glob: string): Config['overrides'][number] => {
  const found = config.overrides.find(({ files, rules }) => files.includes(glob) && 'no-restricted-globals' in rules);
  if (found === undefined) throw new Error(`.oxlintrc.json has no purity rules for ${glob}`);
  return found;
};

/** The globals that the settings forbid in a room. */
function forbiddenGlobals(glob: string): readonly string[] {
  const setting = overrideFor(glob).rules['no-restricted-globals'];
  if (typeof setting !== 'object') throw new Error(`.oxlintrc.json names no globals for ${glob}`);
  return (setting[1] as { globals: { name: string }[] }).globals.map(({ name }) => name);
}

const pureRooms = ['schemas', 'flow', 'evaluation'];
const demanded = ['Date', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'console', 'fetch', 'Buffer', 'performance', 'crypto'];

const impurities = pureRooms.flatMap((room) =>
  forbiddenGlobals(`${room}/**/*.ts`).map((name) => ({ room, name, path: `${room}/uses-${name.toLowerCase()}.ts`, text: `void ${name};` })),
);
const properties = ['Math.random()', `Math['random']()`, `'a'.localeCompare('b')`, `(1).toLocaleString()`].map((text, n) => {
  return { text, path: `flow/property-${n}.ts` };
});
const roundabout = ['new Date(0)', 'Date.now()', 'globalThis.Date', `globalThis['process']`].map((text, n) => ({
  text,
  path: `evaluation/about-${n}.ts`,
}));
const inWorkflows = forbiddenGlobals('workflows/**/*.ts').map((name) => ({ name, path: `workflows/uses-${name.toLowerCase()}.ts` }));

const allowed: Readonly<Record<string, string>> = {
  'storage/clock.ts': `export const now = (): number => Date.now() + Math.random();`,
  'workflows/clock.ts': `export const now = (): number => Date.now() + Math.random();`,
  'flow/clock.test.ts': `import { expect, test } from 'vitest';\ntest('a test may look at the clock', () => {\n  expect(Date.now()).toBeGreaterThan(0);\n});`,
  'flow/type.ts': `export const floor = (n: number): number => Math.floor(n);\nexport const keep = (date: string): string => date.toLowerCase();`,
  'cli/main.ts': `console.log(1);\nprocess.exit(0);`,
  'scripts/say.ts': `console.log(1);`,
  'bench/say.ts': `console.log(1);`,
  'flow/default-case.ts': `export function f(k: 'a' | 'b' | 'c'): number {\n  switch (k) {\n    case 'a':\n      return 1;\n    default:\n      return 2;\n  }\n}`,
};

const files: Record<string, string> = { ...allowed };
for (const one of everywhere) files[pathOf(one)] = `${one.text}\n`;
for (const { path, text } of impurities) files[path] = `${text}\n`;
for (const { path, text } of [...properties, ...roundabout]) files[path] = `export const it: unknown = ${text};\n`;
for (const { path, name } of inWorkflows) files[path] = `void ${name};\n`;

const root = mkdtempSync(join(tmpdir(), 'riskflow-lint-'));
let diagnostics: readonly Diagnostic[] = [];
const codesIn = (path: string): readonly string[] =>
  diagnostics.filter(({ filename }) => filename.replaceAll('\\', '/') === path).map(({ code }) => code);

beforeAll(async () => {
  diagnostics = await lint(root, files);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a planted violation of each lint rule', () => {
  test.each(everywhere)('$rule fires', (one) => {
    expect(codesIn(pathOf(one))).toContain(codeOf(one.rule));
  });

  test('every rule of the configuration has one', () => {
    const general = Object.entries(config.rules);
    const ofTests = config.overrides
      .filter(({ files: globs }) => globs.includes('**/*.test.ts'))
      .flatMap(({ rules }) => Object.entries(rules));
    const on = [...general, ...ofTests].filter(([, setting]) => isOn(setting)).map(([name]) => name);
    expect(new Set(everywhere.map(({ rule }) => rule))).toEqual(new Set(on));
  });
});

describe('purity', () => {
  test.each(impurities)('$room/ must not use $name', ({ path }) => {
    expect(codesIn(path)).toContain('eslint(no-restricted-globals)');
  });

  test.each(pureRooms)('%s/ has all the globals that the design names on its list', (room) => {
    expect(forbiddenGlobals(`${room}/**/*.ts`)).toEqual(expect.arrayContaining(demanded));
  });

  test.each(properties)('flow/ must not use $text', ({ path }) => {
    expect(codesIn(path)).toContain('eslint(no-restricted-properties)');
  });

  test.each(roundabout)('evaluation/ must not use $text', ({ path }) => {
    expect(codesIn(path)).toContain('eslint(no-restricted-globals)');
  });

  test.each(inWorkflows)('workflows/ must not use $name', ({ path }) => {
    expect(codesIn(path)).toContain('eslint(no-restricted-globals)');
  });
});

test.each(Object.keys(allowed))('nothing is said against %s', (path) => {
  expect(codesIn(path)).toEqual([]);
});
