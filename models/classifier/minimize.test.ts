import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimize, type Objective } from './minimize.ts';

/** Σ scale (x − centre)², whose least value is at `centre`. */
const bowl =
  (centre: readonly number[], scale: readonly number[]): Objective =>
  (x, gradient) =>
    centre.reduce((sum, c, i) => {
      const distance = (x[i] ?? 0) - c;
      gradient[i] = 2 * (scale[i] ?? 1) * distance;
      return sum + (scale[i] ?? 1) * distance * distance;
    }, 0);

const tight = { tolerance: 1e-9, maxIterations: 200 };

describe('minimize', () => {
  it('finds the bottom of any bowl', () => {
    const axis = fc.tuple(fc.double({ min: -10, max: 10, noNaN: true }), fc.double({ min: 0.1, max: 100, noNaN: true }));
    fc.assert(
      fc.property(fc.array(axis, { minLength: 1, maxLength: 12 }), (axes) => {
        const centre = axes.map(([c]) => c);
        const x = new Float64Array(centre.length);
        minimize(
          bowl(
            centre,
            axes.map(([, s]) => s),
          ),
          x,
          tight,
        );
        x.forEach((value, i) => expect(value).toBeCloseTo(centre[i] ?? NaN, 4));
      }),
    );
  });

  it('finds the bottom of a valley that is no bowl', () => {
    // ln cosh: flat far out, curved in the middle, so that first steps are poor.
    const objective: Objective = (x, gradient) =>
      x.reduce((sum, value, i) => {
        gradient[i] = Math.tanh(value - i);
        return sum + Math.log(Math.cosh(value - i));
      }, 0);
    const x = Float64Array.of(30, -20, 8);
    minimize(objective, x, tight);
    x.forEach((value, i) => expect(value).toBeCloseTo(i, 5));
  });

  it('stops at once where there is nothing to gain', () => {
    const x = Float64Array.of(1, 2);
    expect(minimize(bowl([1, 2], [1, 1]), x, tight)).toBe(0);
    expect(Array.from(x)).toEqual([1, 2]);
  });

  it('never goes up, and stops after the iterations it has', () => {
    const x = Float64Array.of(100, -100);
    const objective = bowl([1, 2], [1, 1000]);
    const before = objective(x, new Float64Array(2));
    expect(minimize(objective, x, { tolerance: 0, maxIterations: 2 })).toBe(2);
    expect(objective(x, new Float64Array(2))).toBeLessThan(before);
  });
});
