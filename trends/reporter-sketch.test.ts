import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addReporter,
  countReporters,
  decodeSketch,
  encodeSketch,
  hashReporter,
  mergeSketches,
  NO_REPORTERS,
  SKETCH_SIZE,
} from './reporter-sketch.ts';

const sketchOf = (names: readonly string[]) => names.map(hashReporter).reduce(addReporter, NO_REPORTERS);
const names = (count: number, prefix = 'reporter'): readonly string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
const someNames = fc.array(fc.integer({ min: 0, max: 700 }).map(String), { maxLength: 600 });

describe('a sketch of reporters', () => {
  it('counts exactly below its size', () => {
    for (const count of [0, 1, 2, 100, SKETCH_SIZE - 1]) expect(countReporters(sketchOf([...names(count), ...names(count)]))).toBe(count);
  });

  // 4 standard errors of 6.3 % each.
  it.each([256, 300, 1000, 20_000])('estimates %i within a quarter', (count) => {
    for (const prefix of ['a', 'b', 'c']) {
      const estimate = countReporters(sketchOf(names(count, prefix)));
      expect(Math.abs(estimate - count) / count).toBeLessThan(0.25);
    }
  });

  it('is the same whatever the order, the repetitions and the parts it is merged from', () => {
    fc.assert(
      fc.property(someNames, someNames, (a, b) => {
        const whole = sketchOf([...a, ...b]);
        expect(sketchOf([...b.toReversed(), ...a, ...a])).toEqual(whole);
        expect(mergeSketches([sketchOf(b), sketchOf(a)])).toEqual(whole);
        expect(mergeSketches([whole, whole])).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('is read as it was written', () => {
    const sketch = sketchOf(names(40));
    expect(encodeSketch(sketch)).toHaveLength(40 * 13);
    expect(decodeSketch(encodeSketch(sketch))).toEqual(sketch);
    expect(decodeSketch('')).toEqual([]);
  });
});
