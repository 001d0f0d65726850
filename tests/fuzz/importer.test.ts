import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffFlows, exportFlow, importFlow, inspectFlow, yamlText } from '../../flow/index.ts';
import { isArray, isObject, type ObjectValue, type Value } from '../../schemas/index.ts';
import { readYaml } from '../../flow/import/yaml-values.ts';
import { fuzzRuns, FUZZ_SEED } from './fuzz-size.ts';

const project = resolve(import.meta.dirname, '../..');
const ymlBelow = (folder: string): readonly string[] =>
  readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .map((name) => join(project, folder, name));

/** Real flow files: the examples and the conformance flows. */
const TEXTS = [...ymlBelow('examples'), ...ymlBelow('tests/flows')].map((path) => readFileSync(path, 'utf8'));
const FILES = TEXTS.flatMap((text) => {
  const read = readYaml(text);
  return read.ok && isObject(read.value) && read.value.has('app') ? [read.value] : [];
});
/** A file as large as these is looked at within this time, whatever it holds. */
const MOST_MS = 5_000;

/** Values that stand where others are expected. */
const ODD: readonly Value[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    2,
    2n ** 70n,
    { float: 1.5 },
    { float: Number.NaN },
    '',
    'x',
    'start',
    'constructor',
    '__proto__',
    '{{#a.b#}}',
  ],
  ...[
    '{% for %}',
    '{{ x|nope }}',
    '\u0000',
    '\ud800',
    'a'.repeat(5_000),
    [],
    [[]],
    [null],
    ['start', 'text'],
    new Map(),
    new Map([['__proto__', 1]]),
  ],
  ...[
    new Map<string, Value>([['type', 'llm']]),
    new Map<string, Value>([
      ['id', 1],
      ['data', new Map([['type', 'start']])],
    ]),
  ],
];

type Step = { readonly at: readonly number[]; readonly what: 'replace' | 'remove' | 'double' | 'rename' | 'swap'; readonly odd: Value };
const step: fc.Arbitrary<Step> = fc.record({
  at: fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
  what: fc.constantFrom('replace', 'replace', 'remove', 'double', 'rename', 'swap'),
  odd: fc.constantFrom(...ODD),
});

/** Changes something at a place that the numbers choose, from the outside in. */
function mutate(value: Value, { at, what, odd }: Step): Value {
  const [here = 0, ...rest] = at;
  if (isArray(value) && value.length > 0) {
    const i = here % value.length;
    const item = value[i] ?? null;
    if (rest.length > 0) return value.with(i, mutate(item, { at: rest, what, odd }));
    if (what === 'remove') return value.toSpliced(i, 1);
    if (what === 'double') return [...value, item];
    return what === 'swap' ? value.toReversed() : value.with(i, odd);
  }
  if (isObject(value) && value.size > 0) return mutateObject(value, { here, rest, what, odd });
  return odd;
}

function mutateObject(
  map: ObjectValue,
  { here, rest, what, odd }: Omit<Step, 'at'> & { readonly here: number; readonly rest: readonly number[] },
): Value {
  const entries = [...map];
  const i = here % entries.length;
  const [key = '', item = null] = entries[i] ?? [];
  if (rest.length > 0) return new Map(entries.with(i, [key, mutate(item, { at: rest, what, odd })]));
  if (what === 'remove') return new Map(entries.toSpliced(i, 1));
  if (what === 'rename') return new Map(entries.with(i, [typeof odd === 'string' ? odd : `${key}_`, item]));
  if (what === 'double') return new Map([...entries, [`${key}2`, item]]);
  return what === 'swap' ? new Map(entries.toReversed()) : new Map(entries.with(i, [key, odd]));
}

/** A list of issues or a plan, within a time, and what was read can be exported and compared. */
function look(text: string): void {
  const start = performance.now();
  const { definition, flow, issues } = inspectFlow(text);
  expect(flow !== null || issues.some(({ severity }) => severity === 'error')).toBe(true);
  for (const { severity, message } of issues) {
    expect(['error', 'warning']).toContain(severity);
    expect(message).not.toBe('');
  }
  const imported = importFlow(text);
  expect(imported.ok).toBe(flow !== null);
  if (!imported.ok) expect(imported.message).not.toContain('\n');
  if (definition !== null) {
    const again = inspectFlow(exportFlow(definition));
    expect(again.definition).not.toBeNull();
    if (again.definition !== null && flow !== null) expect(diffFlows(definition, again.definition).same).toBe(true);
  }
  expect(performance.now() - start).toBeLessThan(MOST_MS);
}

describe('the importer ends with a plan or with a list of issues', () => {
  it(`for ${FILES.length} files as they are`, () => {
    expect(FILES.length).toBeGreaterThan(20);
    for (const text of TEXTS) look(text);
  }, 60_000);

  it('for real files with anything in any place', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(fc.constantFrom(...FILES), fc.array(step, { minLength: 1, maxLength: 4 }), (file, steps) => {
        look(yamlText(steps.reduce<Value>(mutate, file)));
      }),
      { numRuns: fuzzRuns(150), seed: FUZZ_SEED },
    );
  });

  it('for real files whose text was cut, doubled or scrambled', { timeout: 600_000 }, () => {
    const edit = fc.record({
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat({ max: 200 }),
      put: fc.string({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...TEXTS), fc.array(edit, { minLength: 1, maxLength: 3 }), (text, edits) => {
        look(
          edits.reduce((now, { from, length, put }) => {
            const at = Math.floor(from * now.length);
            return now.slice(0, at) + put + now.slice(at + length);
          }, text),
        );
      }),
      { numRuns: fuzzRuns(120), seed: FUZZ_SEED },
    );
  });

  it('for any text', { timeout: 600_000 }, () => {
    const yaml = fc.string({
      unit: fc.constantFrom(
        'a',
        ':',
        ' ',
        '\n',
        '-',
        '[',
        ']',
        '{',
        '}',
        '"',
        "'",
        '&a ',
        '*a',
        '!',
        '|',
        '#',
        '? ',
        'app: {}',
        'workflow: ',
      ),
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), yaml, fc.json()), (text) => {
        look(text);
      }),
      { numRuns: fuzzRuns(400), seed: FUZZ_SEED },
    );
  });

  it.each([
    ['open brackets', `app: ${'['.repeat(200_000)}`],
    ['open braces', `app: ${'{a: '.repeat(100_000)}`],
    ['deep blocks', Array.from({ length: 3_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['a long line', `app: {name: "${'x'.repeat(5_000_000)}"}`],
    ['many keys', `app: {}\nworkflow:\n${Array.from({ length: 50_000 }, (_, i) => `  k${i}: 1`).join('\n')}`],
    ['more than 10 MB', `app: {}\n#${'x'.repeat(11_000_000)}`],
  ])(
    'for %s, within seconds',
    (_, text) => {
      const start = performance.now();
      const { flow, issues } = inspectFlow(text);
      expect(flow).toBeNull();
      expect(issues.length).toBeGreaterThan(0);
      expect(performance.now() - start).toBeLessThan(15_000);
    },
    30_000,
  );
});
