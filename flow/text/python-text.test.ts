import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, objectOf, type Value } from '../../schemas/core.ts';
import {
  codePointLength,
  compareCodePoints,
  isTruthy,
  parsePythonFloat,
  parsePythonInteger,
  pythonEquals,
  pythonFloat,
  pythonJson,
  pythonRepr,
  pythonStr,
  pythonStrip,
  sliceCodePoints,
} from './index.ts';

describe('pythonRepr', () => {
  it.each<[Value, string]>([
    [null, 'None'],
    [true, 'True'],
    [-7, '-7'],
    [2n ** 70n, '1180591620717411303424'],
    [0.1, '0.1'],
    [float(2), '2.0'],
    [float(-0), '-0.0'],
    [float(1e16), '1e+16'],
    [float(1e15), '1000000000000000.0'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [float(1e22), '1e+22'],
    [float(1.7976931348623157e308), '1.7976931348623157e+308'],
    [5e-324, '5e-324'],
    [float(Number.NaN), 'nan'],
    [float(Number.NEGATIVE_INFINITY), '-inf'],
    ['', "''"],
    ["it's", '"it\'s"'],
    ['say "hi"', '\'say "hi"\''],
    ['both \' and "', "'both \\' and \"'"],
    ['a\\b\n\r\t', "'a\\\\b\\n\\r\\t'"],
    ['\x00\x1f\x7f\x80\xa0\xad', "'\\x00\\x1f\\x7f\\x80\\xa0\\xad'"],
    ['é风😀 ', "'é风😀 '"],
    ['\u200b\u2028\u3000\ufeff', "'\\u200b\\u2028\\u3000\\ufeff'"],
    ['\u{e0001}', "'\\U000e0001'"],
    ['\ud800', "'\\ud800'"],
    [[1, [float(1)], 'a'], "[1, [1.0], 'a']"],
    [
      objectOf([
        ['k', objectOf([])],
        ["q'", []],
      ]),
      "{'k': {}, \"q'\": []}",
    ],
  ])('%#: %s', (value, text) => {
    expect(pythonRepr(value)).toBe(text);
    expect(pythonStr(value)).toBe(typeof value === 'string' ? value : text);
  });
});

describe('pythonJson', () => {
  const value = objectOf([
    ['b', ['é', float(1)]],
    ['a', float(Number.POSITIVE_INFINITY)],
    ['e', []],
  ]);
  it.each<[Parameters<typeof pythonJson>[1], string]>([
    [{ ensureAscii: false }, '{"b": ["é", 1.0], "a": Infinity, "e": []}'],
    [{ ensureAscii: true }, '{"b": ["\\u00e9", 1.0], "a": Infinity, "e": []}'],
    [{ ensureAscii: false, sortKeys: true }, '{"a": Infinity, "b": ["é", 1.0], "e": []}'],
    [{ ensureAscii: false, separators: [',', ':'] }, '{"b":["é",1.0],"a":Infinity,"e":[]}'],
    [{ ensureAscii: false, indent: 2 }, '{\n  "b": [\n    "é",\n    1.0\n  ],\n  "a": Infinity,\n  "e": []\n}'],
    [{ ensureAscii: false, indent: 0 }, '{\n"b": [\n"é",\n1.0\n],\n"a": Infinity,\n"e": []\n}'],
  ])('%j', (options, text) => expect(pythonJson(value, options)).toBe(text));

  it('keeps a lone surrogate as Python does, and a written-out escape', () => {
    expect(pythonJson('\ud800 \\ud800', { ensureAscii: false })).toBe('"\ud800 \\\\ud800"');
    expect(pythonJson('\ud800\x7f', { ensureAscii: true })).toBe('"\\ud800\\u007f"');
  });
});

describe('numbers in text', () => {
  it.each<[string, number | bigint | undefined]>([
    [' 10 ', 10],
    ['\u00a010\u3000', 10],
    ['1_000', 1000],
    ['+7', 7],
    ['-0', 0],
    ['007', 7],
    ['٧', 7],
    ['１０', 10],
    ['9007199254740993', 9007199254740993n],
    ['1__0', undefined],
    ['_1', undefined],
    ['1_', undefined],
    ['1.0', undefined],
    ['1e3', undefined],
    ['0x1', undefined],
    ['+-1', undefined],
    ['', undefined],
    ['\ufeff1', undefined],
    ['9'.repeat(4301), undefined],
    ['\x85\xa0\u2028\t5\v\f\r\n \u3000', 5],
    ['\x1c5', undefined],
    ['5\x1f', undefined],
    ['\u3000\x1e5', undefined],
  ])('int(%s)', (text, value) => expect(parsePythonInteger(text)).toBe(value));

  it.each<[string, number | undefined]>([
    ['1e3', 1000],
    ['.5', 0.5],
    ['5.', 5],
    [' 1_0.0_1e+1_0 ', 10.01e10],
    ['-inf', Number.NEGATIVE_INFINITY],
    ['+Infinity', Number.POSITIVE_INFINITY],
    ['NaN', Number.NaN],
    ['1e400', Number.POSITIVE_INFINITY],
    ['𝟗', 9],
    ['.', undefined],
    ['e5', undefined],
    ['1_.5', undefined],
    ['1._5', undefined],
    ['infinit', undefined],
    ['', undefined],
    ['1,5', undefined],
    ['\x85\xa0\u2028\t5\v\f\r\n \u3000', 5],
    ['\x1c5', undefined],
    ['5\x1d', undefined],
    ['\x85\x1e5', undefined],
    ['5\x1f\u3000', undefined],
  ])('float(%j)', (text, value) => expect(parsePythonFloat(text)).toBe(value));

  it('reads back every float it prints', () => {
    fc.assert(
      fc.property(fc.double(), (n) => {
        expect(parsePythonFloat(pythonFloat(n))).toBe(n);
      }),
    );
  });
});

describe('comparing and emptiness', () => {
  it.each<[Value, Value, boolean]>([
    [1, float(1), true],
    [true, 1, true],
    [true, float(1), true],
    [2n ** 53n + 1n, float(2 ** 53), false],
    [2n ** 53n, float(2 ** 53), true],
    [float(Number.NaN), float(Number.NaN), false],
    ['1', 1, false],
    [null, false, false],
    [[1, [true]], [float(1), [1]], true],
    [
      objectOf([
        ['a', 1],
        ['b', 2],
      ]),
      objectOf([
        ['b', 2],
        ['a', true],
      ]),
      true,
    ],
    [objectOf([['a', null]]), objectOf([]), false],
    [[], objectOf([]), false],
  ])('%#: %s == %s', (a, b, equal) => {
    expect(pythonEquals(a, b)).toBe(equal);
    expect(pythonEquals(b, a)).toBe(equal);
  });

  it.each<[Value, boolean]>([
    [float(0), false],
    [float(-0), false],
    [float(Number.NaN), true],
    [objectOf([]), false],
    [[null], true],
    [' ', true],
  ])('%#: bool(%s)', (value, truthy) => expect(isTruthy(value)).toBe(truthy));
});

describe('code points', () => {
  it('counts, cuts and orders by them', () => {
    expect(codePointLength('a😀b')).toBe(3);
    expect(sliceCodePoints('a😀b', 1, 2)).toBe('😀');
    expect(sliceCodePoints('abc', -1, 2)).toBe('ab');
    expect(['\uffff', '😀', 'z', ''].sort(compareCodePoints)).toEqual(['', 'z', '\uffff', '😀']);
    expect(pythonStrip('\x1c\u2003 x\ufeff\x85')).toBe('x\ufeff');
  });

  it('agrees with the order of the code points', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [x, y] = [Array.from(a, (c) => c.codePointAt(0) ?? 0), Array.from(b, (c) => c.codePointAt(0) ?? 0)];
        const i = x.findIndex((code, at) => code !== y[at]);
        const expected = i < 0 ? x.length - y.length : (x[i] ?? 0) - (y[i] ?? -1);
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(expected));
      }),
    );
  });
});
