import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactExp, exactLn } from './exact-math.ts';

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(b), Number.MIN_VALUE);

describe('exactExp', () => {
  it.each([
    [0, 1],
    [1, Math.E],
    [-1, 1 / Math.E],
    [710, Infinity],
    [-709, 0],
    [Infinity, Infinity],
    [-Infinity, 0],
  ])('of %s', (x, expected) => {
    expect(exactExp(x)).toBeCloseTo(expected, 14);
  });

  it('agrees with Math.exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(relative(exactExp(x), Math.exp(x))).toBeLessThan(2e-15);
      }),
    );
  });

  it('is not a number for what is not', () => {
    expect(exactExp(NaN)).toBeNaN();
  });
});

describe('exactLn', () => {
  it('agrees with Math.log', () => {
    fc.assert(
      fc.property(fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }), (x) => {
        expect(Math.abs(exactLn(x) - Math.log(x))).toBeLessThan(1e-15 * Math.max(1, Math.abs(Math.log(x))));
      }),
    );
  });

  it('undoes exactExp', () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: 300, noNaN: true }), (x) => {
        expect(exactLn(exactExp(x))).toBeCloseTo(x, 12);
      }),
    );
  });

  it.each([0, -1, NaN, Infinity, -Infinity])('is not a number for %s', (x) => {
    expect(exactLn(x)).toBeNaN();
  });
});

it('gives these very bits on every machine', () => {
  const bits = new DataView(new ArrayBuffer(8));
  const hex = (x: number): string => {
    bits.setFloat64(0, x);
    return bits.getBigUint64(0).toString(16);
  };
  expect([-20.5, -1, 0.1, 1, 3.7, 50].map((x) => hex(exactExp(x)))).toMatchInlineSnapshot(`
    [
      "3e157a3afeed00ac",
      "3fd78b56362cef38",
      "3ff1aec7b35a00d4",
      "4005bf0a8b14576a",
      "4044394144eeec81",
      "44719103e4080b45",
    ]
  `);
  expect([1e-9, 0.3, 2, 10, 1673, 1e12].map((x) => hex(exactLn(x)))).toMatchInlineSnapshot(`
    [
      "c034b927f32bffb8",
      "bff34378fcbda721",
      "3fe62e42fefa39ef",
      "40026bb1bbb55516",
      "401db082bb41b72f",
      "403ba18a998fffa0",
    ]
  `);
});
