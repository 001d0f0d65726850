import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { below, seededRandom, shuffled, splitMix64, uniform, xoshiro128, type Random } from './seeded-random.ts';

const take = (random: Random, n: number) => Array.from({ length: n }, () => random.uint32());

describe('xoshiro128**', () => {
  it("gives the reference implementation's outputs (xoshiro128starstar.c 1.1, state 1, 2, 3, 4; also the test of rand_xoshiro)", () => {
    const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];
    expect(take(xoshiro128([1, 2, 3, 4]), 10)).toEqual(expected);
  });
});

describe('SplitMix64', () => {
  it('gives the published outputs for the seed 1234567 (Rosetta Code, from splitmix64.c)', () => {
    expect(splitMix64(1234567n, 5)).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
  });
});

describe('a seeded generator', () => {
  it('never changes: splits and orders of old sets depend on it', () => {
    expect(take(seededRandom(7), 4)).toEqual(take(seededRandom(7), 4));
    expect(take(seededRandom(7), 3)).toMatchInlineSnapshot(`
      [
        1801096769,
        1554325924,
        2992800842,
      ]
    `);
  });

  it('gives other streams for other seeds and purposes', () => {
    expect(take(seededRandom(7), 4)).not.toEqual(take(seededRandom(8), 4));
    expect(take(seededRandom(7), 4)).not.toEqual(take(seededRandom(7, 1), 4));
    expect(take(seededRandom(-1), 4)).not.toEqual(take(seededRandom(1), 4));
  });

  it.each([0.5, Number.NaN, Infinity, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => seededRandom(seed)).toThrow(/integer/);
  });

  it('spreads numbers below a bound evenly (chi-square with 9 degrees of freedom below its 99.99 % point)', () => {
    const random = seededRandom(1);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 100_000; i++) {
      const value = below(random, 10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(33.7);
  });

  it('gives doubles in [0, 1) with mean 1/2', () => {
    const random = seededRandom(2);
    const values = Array.from({ length: 20_000 }, () => uniform(random));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 2);
  });

  it('shuffles: the same items, the given array untouched', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = [...items];
        const after = shuffled(items, seededRandom(seed));
        expect([...after].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
        expect(items).toEqual(before);
      }),
    );
  });
});
