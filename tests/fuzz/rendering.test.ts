import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCondition, evaluateConditions, OPERATORS } from '../../flow/conditions/index.ts';
import { compileTemplate, DEFAULT_LIMITS, renderJinja } from '../../flow/templates/index.ts';
import { compileVariableTemplate, lookupIn, renderTemplate, type VariableTemplate } from '../../flow/text/index.ts';
import { encodeValue, objectOf, type Value } from '../../schemas/index.ts';
import { fuzzRuns, FUZZ_SEED } from './fuzz-size.ts';
import { randomTemplate } from './jinja/random-template.ts';
import { seededRandom } from './jinja/random.ts';
import { anyText, anyValue } from './values.ts';

const MOST_MS = 5_000;
const options = (inCi: number) => ({ numRuns: fuzzRuns(inCi), seed: FUZZ_SEED });

function within(work: () => void): void {
  const start = performance.now();
  work();
  expect(performance.now() - start).toBeLessThan(MOST_MS);
}

const poolOf = (value: Value) => (selector: readonly string[]) => lookupIn(objectOf([['n', objectOf([['v', value]])]]), selector);

describe('conditions', () => {
  const operator = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...OPERATORS) }, { weight: 1, arbitrary: anyText });

  it('of any value, operator and expectation hold, do not hold, or fail with a sentence', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(anyValue, operator, anyValue, fc.option(anyValue, { nil: undefined }), (actual, named, expected, sub) => {
        const condition = compileCondition({
          selector: ['n', 'v'],
          operator: named,
          value: encodeValue(expected),
          ...(sub === undefined ? {} : { subConditions: encodeValue(sub) }),
        });
        within(() => {
          const result = evaluateConditions([condition], 'and', poolOf(actual));
          if (result.ok) expect(typeof result.result).toBe('boolean');
          else expect(result.error.message).not.toBe('');
        });
      }),
      options(3_000),
    );
  });
});

describe('templates of variables', () => {
  const piece = fc.oneof(
    anyText,
    fc.constantFrom('{{#n.v#}}', '{{#n.v.a#}}', '{{#n.', '#}}', '{{#', 'n.v', '{{#n.missing#}}', '{{#constructor.constructor#}}'),
  );

  it('of any text and value render to a text, the same in every process', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), anyValue, (pieces, value) => {
        const template = compileVariableTemplate(pieces.join(''));
        within(() => {
          for (const mode of ['text', 'markdown'] as const) {
            const rendered = renderTemplate(template, poolOf(value), mode);
            expect(typeof rendered.text).toBe('string');
            const stored: VariableTemplate = JSON.parse(JSON.stringify(template));
            expect(renderTemplate(stored, poolOf(value), mode)).toEqual(rendered);
          }
        });
      }),
      options(3_000),
    );
  });
});

/** Renders, or refuses; within its limits in any case. */
function triesJinja(source: string, value: Value): true {
  within(() => {
    const compiled = compileTemplate(source);
    if (!compiled.ok) {
      expect(compiled.errors[0]?.message).not.toBe('');
      return;
    }
    const context = new Map<string, Value>([
      ['v', value],
      ['items', value],
      ['name', 'Ann'],
      ['nums', [3, 1, 2]],
      ['d', objectOf([['k1', value]])],
    ]);
    const before = encodeValue(value);
    const result = renderJinja(compiled.template, context);
    expect(encodeValue(value)).toEqual(before);
    if (result.ok) expect(Array.from(result.text).length).toBeLessThanOrEqual(DEFAULT_LIMITS.output);
    else expect(result.error).toMatch(/^line \d+: ./s);
  });
  return true;
}

describe('Jinja templates', () => {
  it('made at random render or fail with a line and a sentence', { timeout: 600_000 }, () => {
    const random = seededRandom(FUZZ_SEED);
    const values = fc.sample(anyValue, { numRuns: 50, seed: FUZZ_SEED });
    for (let i = 0; i < fuzzRuns(1_500); i++) expect(triesJinja(randomTemplate(random), values[i % values.length] ?? null)).toBe(true);
  });

  it('that were cut and scrambled do so, too', { timeout: 600_000 }, () => {
    const random = seededRandom(FUZZ_SEED + 1);
    const noise = [
      '{{',
      '}}',
      '{%',
      '%}',
      '{#',
      '#}',
      '|',
      '.',
      '(',
      ')',
      '[',
      ']',
      "'",
      '"',
      '\\',
      '-',
      '~',
      ' if ',
      ' for ',
      ' in ',
      ' is ',
      'endfor',
      '**',
      '%',
      ',',
      ':',
      '\n',
      '\u0000',
      '😀',
      '9'.repeat(400),
    ] as const;
    for (let i = 0; i < fuzzRuns(2_500); i++) {
      const source = randomTemplate(random);
      const at = random.below(source.length + 1);
      expect(triesJinja(source.slice(0, at) + random.pick(noise) + source.slice(at + random.below(6)), i)).toBe(true);
    }
  });

  it.each([
    [
      'a loop in a loop in a loop',
      '{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['a text that doubles', "{% set ns = namespace(t='x') %}{% for i in range(9999) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}"],
    ['a huge power', '{{ 9 ** 9 ** 9 }}'],
    ['a huge text', "{{ 'x' * 999999999 }}"],
    ['a huge list', '{{ [0] * 999999999 }}'],
    ['a wide format', "{{ '%999999999d' % 1 }}{{ '{:999999999}'.format(1) }}"],
    ['macros without end', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    ['a loop without end', '{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}'],
    ['deep brackets', `{{ ${'('.repeat(5_000)}1${')'.repeat(5_000)} }}`],
    ['deep lists', `{{ ${'['.repeat(5_000)}${']'.repeat(5_000)} }}`],
    ['deep tags', `${'{% if 1 %}'.repeat(3_000)}${'{% endif %}'.repeat(3_000)}`],
    ['many filters', `{{ 'a'${'|upper'.repeat(5_000)} }}`],
    ['a list in itself', '{% set a = [] %}{% set _ = a.append(a) %}{{ a }}{{ a|tojson }}{{ a == a }}'],
    ['blanks without end', `{{ ${' '.repeat(500_000)} }}`],
    ['word wrap of one long word', "{{ ('x' * 300000)|wordwrap(1) }}"],
    ['urls', "{{ ('http://a.b/' * 20000)|urlize }}"],
    ['tags to strip', "{{ ('<' * 200000)|striptags }}"],
    ['a title', "{{ ('-' * 200000)|title }}"],
    [
      'reaching for the engine',
      "{{ v.constructor.constructor('return process')() }}{{ ''.__class__ }}{{ d['__proto__'] }}{{ v|attr('constructor') }}",
    ],
  ])('%s ends within its limits', (_, source) => {
    expect(triesJinja(source, [])).toBe(true);
    expect(triesJinja(source, objectOf([['constructor', 'x']]))).toBe(true);
  });
});
