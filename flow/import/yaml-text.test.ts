import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, integer, objectOf, type Value } from '../../schemas/core.ts';
import { yamlText } from './yaml-text.ts';
import { readYaml } from './yaml-values.ts';

const again = (value: Value): Value => {
  const read = readYaml(yamlText(value));
  if (!read.ok) throw new Error(`${read.message}\n${yamlText(value)}`);
  return read.value;
};

/** Texts in which readers of YAML see something else, or trip. */
const ODD = [
  ...[
    '',
    ' ',
    '2',
    '2.0',
    '1e3',
    '0x1F',
    '017',
    '1_000',
    '1:30',
    'yes',
    'No',
    'on',
    'y',
    'null',
    '~',
    'true',
    '.nan',
    '.inf',
    '2024-01-01',
    '=',
  ],
  ...[
    '- a',
    '? a',
    ': a',
    'a: b',
    'a #b',
    '#a',
    '&a',
    '*a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    '[a',
    '{a',
    'a,',
    "it's",
    '"a"',
    'a\\b',
    '---',
    '...',
  ],
  ...[
    'a\nb',
    'a\nb\n',
    'a\n\nb\n\n',
    '\na',
    ' a\nb',
    'a \nb',
    'a\n \nb',
    'a\n  b\nc',
    'a\tb',
    'a\r\nb',
    'a\u0085b',
    'a\u2028b',
    'a\u0000b',
    '\ufeffa',
    '😀',
    '风险',
    'a ',
    'a:',
    'a\n# b',
    'a\n- b',
    '<<',
  ],
];
const text = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', ' ', '\n', ':', '-', '#', "'", '"'), maxLength: 12 }),
);
const scalar: fc.Arbitrary<Value> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(integer),
  fc.double({ noNaN: true }).map(float),
);
const { value } = fc.letrec<{ readonly value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => objectOf(entries)),
  ),
}));

describe('yamlText', () => {
  it('keeps numbers, texts and their lines apart', () => {
    const written = yamlText(
      objectOf([
        ['whole', 2],
        ['float', float(2)],
        ['large', float(1e20)],
        ['text', '2'],
        ['yes', 'yes'],
        ['lines', 'a\n  b\n'],
        [
          'list',
          [
            objectOf([
              ['a', 1],
              ['b', objectOf([])],
            ]),
            [],
            'x',
          ],
        ],
      ]),
    );
    expect(written).toBe(
      "whole: 2\nfloat: 2.0\nlarge: 100000000000000000000.0\ntext: '2'\n'yes': 'yes'\nlines: |\n  a\n    b\nlist:\n  - a: 1\n    b: {}\n  - []\n  - x\n",
    );
  });

  it.each(ODD)('%j as a value, as a key and in a list', (odd) => {
    for (const given of [odd, objectOf([[odd, odd]]), [odd, [odd]], objectOf([['k', [objectOf([[odd, [odd]]])]]])])
      expect(again(given)).toEqual(given);
  });

  it('everything is read again as it was', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(again(given)).toEqual(given);
      }),
      { numRuns: 400, seed: 20261121 },
    );
  });
});
