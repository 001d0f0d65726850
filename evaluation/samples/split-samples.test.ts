import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom, shuffled } from '../random/seeded-random.ts';
import { sampleGroups, type SplitRow } from './sample-groups.ts';
import { splitSamples } from './split-samples.ts';

const singles = (n: number, labels = 3): SplitRow[] =>
  Array.from({ length: n }, (_, i) => ({ id: `s${i}`, label: `label ${(i * i) % labels}`, cluster: null, textHash: `t${i}` }));

const anyRows = fc
  .array(
    fc.record({
      label: fc.option(fc.constantFrom('spam', 'ham', 'scam')),
      cluster: fc.option(
        fc.nat(8).map((n) => `c${n}`),
        { freq: 3 },
      ),
      textHash: fc.nat(30).map((n) => `t${n}`),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((rows) => rows.map((row, i): SplitRow => ({ ...row, id: `s${i}` })));
const anyRatios = fc.constantFrom({ tune: 0.3, test: 0.7 }, { a: 0.5, b: 0.25, c: 0.25 }, { only: 0.4 }, { all: 1 });

describe('sampleGroups', () => {
  it('joins rows through clusters and texts, also by way of others', () => {
    const row = (id: string, cluster: string | null, textHash: string): SplitRow => ({ id, label: null, cluster, textHash });
    const rows = [
      row('a', 'x', '1'),
      row('b', null, '2'),
      row('c', 'y', '1'),
      row('d', 'y', '3'),
      row('e', null, '4'),
      row('f', null, '2'),
    ];
    expect(sampleGroups(rows)).toEqual([[0, 2, 3], [1, 5], [4]]);
  });

  it('does not join rows because both have no cluster', () => {
    expect(sampleGroups(singles(5))).toHaveLength(5);
  });
});

describe('splitSamples', () => {
  it('puts every row in exactly one place, and no cluster or text in two', () => {
    fc.assert(
      fc.property(anyRows, anyRatios, fc.integer(), (rows, ratios, seed) => {
        const result = splitSamples({ rows, ratios, seed });
        if (!result.ok) {
          expect(result.message).toMatch(/would be empty/);
          return;
        }
        const places = [...result.splits.values(), result.rest];
        expect(places.flat().sort()).toEqual(rows.map((row) => row.id).sort());
        const placeOf = new Map(places.flatMap((ids, place) => ids.map((id) => [id, place])));
        for (const key of ['cluster', 'textHash'] as const) {
          const seen = new Map<string, number | undefined>();
          for (const row of rows) {
            const value = row[key];
            if (value === null) continue;
            if (seen.has(value)) expect(placeOf.get(row.id)).toBe(seen.get(value));
            else seen.set(value, placeOf.get(row.id));
          }
        }
      }),
    );
  });

  it('does not depend on the order of rows or ratios', () => {
    fc.assert(
      fc.property(anyRows, fc.integer(), (rows, seed) => {
        const one = splitSamples({ rows, ratios: { tune: 0.3, test: 0.7 }, seed });
        const other = splitSamples({ rows: shuffled(rows, seededRandom(seed)), ratios: { test: 0.7, tune: 0.3 }, seed });
        expect(other.ok).toBe(one.ok);
        if (!one.ok || !other.ok) return;
        expect([...(other.splits.get('tune') ?? [])].sort()).toEqual([...(one.splits.get('tune') ?? [])].sort());
      }),
    );
  });

  it('keeps the shares within a row in total and two rows per label when no rows belong together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 1, max: 25 }), fc.integer(), (n, labels, seed) => {
        const rows = singles(n, labels);
        const ratios = { a: 0.2, b: 0.3, c: 0.5 };
        const result = splitSamples({ rows, ratios, seed });
        if (!result.ok) throw new Error(result.message);
        const labelOf = new Map(rows.map((row) => [row.id, row.label]));
        for (const [name, share] of Object.entries(ratios)) {
          const ids = result.splits.get(name) ?? [];
          expect(Math.abs(ids.length - share * n)).toBeLessThanOrEqual(1);
          for (const label of new Set(labelOf.values())) {
            const wanted = share * rows.filter((row) => row.label === label).length;
            expect(Math.abs(ids.filter((id) => labelOf.get(id) === label).length - wanted)).toBeLessThan(2);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the shares near when there are clusters of every size', () => {
    const rows = singles(1000).map((row, i) => ({ ...row, cluster: i < 600 ? `c${Math.floor(Math.sqrt(i))}` : null }));
    const result = splitSamples({ rows, ratios: { tune: 0.3, test: 0.7 }, seed: 7 });
    expect(result.ok && [result.splits.get('tune')?.length, result.splits.get('test')?.length]).toEqual([300, 700]);
  });

  it('deals copies of texts out by the shares, as it does lone rows', () => {
    const rows = singles(1000).map((row, i) => ({ ...row, textHash: i < 400 ? `t${Math.floor(i / 2)}` : row.textHash }));
    const result = splitSamples({ rows, ratios: { tune: 0.3, test: 0.7 }, seed: 7 });
    const tune = new Set(result.ok ? result.splits.get('tune') : []);
    const copies = rows.slice(0, 400).filter(({ id }) => tune.has(id)).length;
    expect(tune.size).toBe(300);
    expect(Math.abs(copies - 120)).toBeLessThanOrEqual(6);
  });

  it('gives another split under another seed, the same under the same', () => {
    const tune = (seed: number) => {
      const result = splitSamples({ rows: singles(100), ratios: { tune: 0.3, test: 0.7 }, seed });
      return result.ok ? result.splits.get('tune') : result.message;
    };
    expect(tune(1)).toEqual(tune(1));
    expect(tune(1)).not.toEqual(tune(2));
  });

  it.each<[string, Record<string, number>, RegExp]>([
    ['nothing asked for', {}, /no split/],
    ['a share of 0', { test: 0 }, /"test" is 0/],
    ['a share that is no number', { test: Number.NaN }, /"test" is NaN/],
    ['more than everything', { a: 0.7, b: 0.7 }, /sum to 1.4/],
  ])('refuses %s', (_, ratios, message) => {
    const result = splitSamples({ rows: singles(10), ratios, seed: 1 });
    expect(result.ok ? '' : result.message).toMatch(message);
  });

  it('refuses equal ids and a split that nothing is left for', () => {
    const [first, ...others] = singles(3);
    const twice = splitSamples({ rows: first === undefined ? [] : [first, first, ...others], ratios: { a: 1 }, seed: 1 });
    expect(twice.ok ? '' : twice.message).toBe('two samples have the id "s0"');
    const oneCluster = splitSamples({
      rows: singles(10).map((row) => ({ ...row, cluster: 'c' })),
      ratios: { tune: 0.3, test: 0.7 },
      seed: 1,
    });
    expect(oneCluster.ok ? '' : oneCluster.message).toBe('split "tune" would be empty: 10 rows form 1 group that must stay together');
  });

  it('splits 100,000 rows in less than two seconds of processor time', () => {
    const rows = singles(100_000, 8).map((row, i) => ({
      ...row,
      cluster: i % 3 === 0 ? `c${i % 5000}` : null,
      textHash: `t${i % 90_000}`,
    }));
    const before = process.cpuUsage();
    const result = splitSamples({ rows, ratios: { tune: 0.3, test: 0.7 }, seed: 7 });
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
    expect(result.ok && Math.abs((result.splits.get('tune')?.length ?? 0) - 30_000)).toBeLessThanOrEqual(1);
  });
});
