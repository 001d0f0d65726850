import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashJson } from './canonical-json.ts';
import { decodeValue, encodeValue, type Json } from './encoded-value.ts';
import { fitsJson, parseJson, toJsonText } from './json-text.ts';
import { float, integer, isFloatTag, sameValue, typeOf, type Value } from './values.ts';

/** Any value, with the keys and numbers that JavaScript is known to spoil. */
const key = fc.oneof(fc.string(), fc.constantFrom('10', '2', '__proto__', 'constructor', '$float', '$map', '$', '', 'toString'));
const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.integer().map((n) => integer(n)),
  fc.bigInt().map((n) => integer(n)),
  fc.double().map((n) => float(n)),
  fc.record({ secret: fc.string(), version: fc.string() }),
);
const anyValue = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
})).value;

/** The same with keys in the same order. */
const ordered = (value: Value): unknown =>
  value instanceof Map
    ? Array.from(value as ReadonlyMap<string, Value>, ([k, v]) => [k, ordered(v)])
    : Array.isArray(value)
      ? (value as readonly Value[]).map(ordered)
      : value;

describe('encoded values', () => {
  it('survive JSON text with types, order of keys and hostile keys intact', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const back = decodeValue(JSON.parse(JSON.stringify(encodeValue(value))) as Json);
        expect(sameValue(back, value)).toBe(true);
        expect(ordered(back)).toEqual(ordered(value));
      }),
      { numRuns: 500 },
    );
  });
  it.each<readonly [string, Value, Json]>([
    ['integer', 2, 2],
    ['float 2.0', float(2), { $float: 2 }],
    ['float 1.5', float(1.5), 1.5],
    ['minus zero', float(-0), { $float: '-0' }],
    ['infinity', float(Infinity), { $float: 'Infinity' }],
    ['a large integer', integer(9007199254740993n), { $int: '9007199254740993' }],
    [
      'an object',
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
      { b: 1, a: 2 },
    ],
    [
      'an object with a number as key',
      new Map([
        ['b', 1],
        ['2', 2],
      ]),
      {
        $map: [
          ['b', 1],
          ['2', 2],
        ],
      },
    ],
    ['an object with our own tag as key', new Map([['$float', 1]]), { $map: [['$float', 1]] }],
    ['a secret', { secret: 'A', version: '1' }, { $secret: ['A', '1'] }],
  ])('%s', (_, value, encoded) => {
    expect(encodeValue(value)).toEqual(encoded);
    expect(sameValue(decodeValue(encoded), value)).toBe(true);
  });
  it('an unknown tag is refused', () => expect(() => decodeValue({ $nope: 1 })).toThrow(/unknown tag/));
  it('a JSON key __proto__ changes no prototype', () => {
    const value = decodeValue(JSON.parse('{"$map":[["__proto__",{"polluted":true}]]}') as Json);
    expect(value instanceof Map && value.get('__proto__')).toBeInstanceOf(Map);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('types', () => {
  it.each<readonly [Value, string]>([
    [2, 'integer'],
    [float(2), 'float'],
    [2.5, 'float'],
    [10n ** 30n, 'integer'],
    [true, 'boolean'],
    [null, 'null'],
    [[], 'array'],
    [new Map(), 'object'],
    [{ secret: 'a', version: '1' }, 'secret'],
  ])('%s is %s', (value, type) => expect(typeOf(value)).toBe(type));
  it('2 and 2.0 are not the same, 2 and 2n are', () => {
    expect(sameValue(2, float(2))).toBe(false);
    expect(integer(2n)).toBe(2);
    expect(isFloatTag(float(2))).toBe(true);
  });
});

describe('parseJson', () => {
  it('reads what JSON.parse reads, and prints it back', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'medium' }), (text) => {
        const parsed = parseJson(text);
        if (!parsed.ok) throw new Error(parsed.error.message);
        expect(JSON.parse(toJsonText(parsed.value))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });
  it.each([
    ['2', 2],
    ['2.0', { float: 2 }],
    ['-0', 0],
    ['-0.0', { float: -0 }],
    ['1e3', { float: 1000 }],
    ['9007199254740993', 9007199254740993n],
    ['"\\u00e9\\n"', 'é\n'],
    [' [1 , {"a":null}] ', [1, new Map([['a', null]])]],
    ['{"a":1,"a":2}', new Map([['a', 2]])],
  ])('%s', (text, expected) => expect(parseJson(text)).toEqual({ ok: true, value: expected }));
  it.each([
    ['', 'ends too early', 1, 1],
    ['{"a": }', 'value was expected', 1, 7],
    ['[1,\n 2', '"," or "]"', 2, 3],
    ['{a: 1}', 'key in double quotes', 1, 2],
    ['01', 'more text', 1, 2],
    ['NaN', 'value was expected', 1, 1],
    ['"\u0001"', 'control character', 1, 2],
    ['"\\x"', 'unknown escape', 1, 2],
    ['"abc', 'ends within a string', 1, 5],
    ['['.repeat(300), 'nested deeper', 1, 202],
  ])('%j is refused with its place', (text, message, line, column) => {
    const parsed = parseJson(text);
    expect(parsed).toMatchObject({ ok: false, error: { line, column } });
    expect(parsed.ok ? '' : parsed.error.message).toContain(message);
  });
  it('prints floats as floats', () =>
    expect(toJsonText([2, float(2), float(1e21), float(NaN), float(-0)])).toBe('[2,2.0,1e+21,null,-0.0]'));
});

describe('fitsJson', () => {
  const nested = (levels: number): Value => {
    let value: Value = 1;
    for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : new Map([['a', value]]);
    return value;
  };

  it.each([
    ['a plain value', float(Number.NaN), true],
    ['200 levels', nested(200), true],
    ['201 levels', nested(201), false],
    ['an integer of 4299 digits', -(10n ** 4298n), true],
    ['an integer of 4300 digits', 10n ** 4300n, false],
    ['a long integer within', new Map([['a', [10n ** 5000n]]]), false],
  ] as const)('%s', (_what, value, fits) => {
    expect(fitsJson(value)).toBe(fits);
    if (fits) expect(parseJson(toJsonText(value)).ok).toBe(true);
  });

  it('never promises what cannot be read', () => {
    for (let levels = 195; levels < 206; levels++) expect(fitsJson(nested(levels))).toBe(parseJson(toJsonText(nested(levels))).ok);
  });
});

describe('canonicalJson', () => {
  // RFC 8785, section 3.2.3: keys by UTF-16 code units; numbers as ECMAScript prints them.
  it('sorts keys by code units', () =>
    expect(canonicalJson({ '€': 1, '\r': 2, ö: 3, '1': 4, '😂': 5, '\u0080': 6, ﬁ: 7 })).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":3,"€":1,"😂":5,"ﬁ":7}',
    ));
  it('prints numbers as the RFC shows', () =>
    expect(canonicalJson([333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001])).toBe(
      '[333333333.3333333,1e+30,4.5,0.002,1e-27]',
    ));
  it('hashes equal content equally', () =>
    expect(hashJson({ a: 1, b: [1, { c: 2, d: 3 }] })).toBe(hashJson({ b: [1, { d: 3, c: 2 }], a: 1 })));
  it('is SHA-256 of the text', () => expect(hashJson('abc')).toBe('6cc43f858fbb763301637b5af970e2a46b46f461f27e5a0f41e009c59b827b25'));
});
