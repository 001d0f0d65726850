import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completePrefix, seededOrder } from '../core.ts';
import { seededRandom, shuffled } from '../random/seeded-random.ts';

const samples = Array.from({ length: 300 }, (_, i) => ({ id: `s${i}`, label: i % 10 === 0 ? 'rare' : i % 3 === 0 ? null : 'common' }));

describe('seededOrder', () => {
  it('holds every sample once, the same whatever order they came in', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const order = seededOrder(samples, seed);
        expect([...order].sort()).toEqual(samples.map(({ id }) => id).sort());
        expect(seededOrder(shuffled(samples, seededRandom(seed)), seed)).toEqual(order);
      }),
      { numRuns: 20 },
    );
  });

  it('has in every beginning each label within one sample of its share', () => {
    const labelOf = new Map(samples.map(({ id, label }) => [id, label]));
    for (let seed = 0; seed < 20; seed++) {
      const order = seededOrder(samples, seed);
      let rare = 0;
      order.forEach((id, index) => {
        if (labelOf.get(id) === 'rare') rare++;
        expect(Math.abs(rare - (index + 1) * 0.1)).toBeLessThan(2);
      });
    }
  });

  it('differs by seed', () => {
    expect(seededOrder(samples, 1)).not.toEqual(seededOrder(samples, 2));
  });
});

describe('completePrefix', () => {
  const results = (...keys: string[]) =>
    keys.map((key) => {
      const [sampleId = '', variant = '', repeat = '1'] = key.split(' ');
      return { sampleId, variant, repeat: Number(repeat) };
    });
  const prefix = (order: string[], rows: ReturnType<typeof results>, repeats = 1) =>
    completePrefix({ order, variants: ['A', 'B'], repeats, results: rows });

  it('ends before the first sample that lacks a result', () => {
    expect(prefix(['x', 'y', 'z'], results('x A', 'x B', 'y A', 'z A', 'z B'))).toEqual(['x']);
    expect(prefix(['x', 'y'], results('y A', 'y B', 'x A', 'x B'))).toEqual(['x', 'y']);
    expect(prefix(['x', 'y'], [])).toEqual([]);
  });

  it('needs every repeat, and counts a result that is there twice once', () => {
    expect(prefix(['x'], results('x A 0', 'x A 0', 'x B 0', 'x B 1'), 2)).toEqual([]);
    expect(prefix(['x'], results('x A 0', 'x A 1', 'x B 0', 'x B 1'), 2)).toEqual(['x']);
    expect(prefix(['x'], results('x A', 'x C'))).toEqual([]);
  });
});
