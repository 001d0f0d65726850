import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float } from '../../../schemas/core.ts';
import { fixedDigits, roundDouble } from './float-format.ts';
import { add, divide, floorDivide, multiply, power, remainder, subtract, type Numeric } from './numbers.ts';
import type { Py } from './values.ts';

const integer = fc.oneof(
  fc.integer(),
  fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }).map((n) => (BigInt(Number(n)) === n && Number.isSafeInteger(Number(n)) ? Number(n) : n)),
  fc.maxSafeInteger(),
);
const big = (value: Py): bigint => BigInt(value as number | bigint);

describe('integers', () => {
  it('are exact at any size, and in the one form they have', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(big(add(a, b))).toBe(BigInt(a) + BigInt(b));
        expect(big(subtract(a, b))).toBe(BigInt(a) - BigInt(b));
        expect(big(multiply(a, b))).toBe(BigInt(a) * BigInt(b));
        for (const result of [add(a, b), subtract(a, b), multiply(a, b)]) {
          expect(typeof result).toBe(big(result) >= -9007199254740991n && big(result) <= 9007199254740991n ? 'number' : 'bigint');
          expect(Object.is(result, -0)).toBe(false);
        }
      }),
    );
  });

  it('divide down, with a remainder of the sign of the divisor', () => {
    fc.assert(
      fc.property(
        integer,
        integer.filter((n) => n !== 0),
        (a, b) => {
          const [quotient, rest] = [big(floorDivide(a, b)), big(remainder(a, b))];
          expect(quotient * BigInt(b) + rest).toBe(BigInt(a));
          expect(rest === 0n || rest < 0n === BigInt(b) < 0n).toBe(true);
        },
      ),
    );
  });

  it.each<[Numeric, Numeric, Py]>([
    [7, 2, 3.5],
    [8, 2, float(4)],
    [1, 3, 1 / 3],
    [2n ** 70n, 2n ** 69n, float(2)],
    [2n ** 70n + 1n, 3n, float(Number(393530540239137101482n))],
    [true, 2, 0.5],
  ])('%s / %s', (a, b, expected) => expect(divide(a, b)).toEqual(expected));

  it.each<[Numeric, Numeric, Py]>([
    [2, 100, 2n ** 100n],
    [2, -1, 0.5],
    [-8, 3, -512],
    [0, 0, 1],
    [-1, 7, -1],
    [1.1, 10, 2.5937424601000023],
    [float(10), 23, float(1e23)],
    [4, 0.5, float(2)],
  ])('%s ** %s', (a, b, expected) => expect(power(a, b)).toEqual(expected));

  it.each<[() => Py, RegExp]>([
    [() => divide(1, 0), /division by zero/],
    [() => floorDivide(1, float(0)), /division by zero/],
    [() => remainder(1, 0), /division by zero/],
    [() => power(0, -1), /negative power/],
    [() => power(-8, 0.5), /complex/],
    [() => power(float(10), 400), /too large/],
    [() => divide(10n ** 400n, 7), /too large/],
  ])('%# has no result', (compute, message) => expect(compute).toThrow(message));
});

describe('decimal digits', () => {
  it('round what lies exactly in the middle to the even digit', () => {
    expect([0.5, 1.5, 2.5, 3.5].map((n) => fixedDigits(n, 0))).toEqual(['0', '2', '2', '4']);
    expect([0.125, 0.375, 2.675, 1.005].map((n) => fixedDigits(n, 2))).toEqual(['0.12', '0.38', '2.67', '1.00']);
    expect(roundDouble(2.5, 0)).toBe(2);
    expect(roundDouble(-1250, -2)).toBe(-1200);
    expect(roundDouble(1e22, -400)).toBe(0);
  });

  it('agree with toFixed but for the middle', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), fc.integer({ min: 0, max: 12 }), (n, digits) => {
        const text = fixedDigits(n, digits);
        if (text !== n.toFixed(digits)) expect(Math.abs(Number(text) - n)).toBe(Math.abs(Number(n.toFixed(digits)) - n));
        expect(text).toMatch(digits === 0 ? /^\d+$/ : /^\d+\.\d+$/);
      }),
    );
  });

  it('give back the number with enough of them', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e20, noNaN: true }), (n) => {
        expect(Number(fixedDigits(n, 400))).toBe(n);
      }),
    );
  });
});
