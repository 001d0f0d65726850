import { describe, expect, it } from 'vitest';
import { detailsOf, grouped, rateOf, runsOf, summaryOfRuns, withProgress } from './batch-progress.ts';

describe('what is shown of a batch', () => {
  it('is a small table', () => {
    const view = {
      phase: 'running',
      total: 1_000,
      counts: { succeeded: 118, failed: 1, stopped: 0, handedOver: 1 },
      perSecond: 12.5,
      underWay: [runsOf({ from: 120, to: 160 }, 1)],
      poisoned: [{ run: 8, error: 'a | b\n`c`' }],
    } as const;
    expect(detailsOf(view).split('\n')).toEqual([
      '**running** · 120 of 1,000 runs (12 %)',
      '',
      '| succeeded | failed | stopped | handed over | runs/s | under way |',
      '|--:|--:|--:|--:|--:|---|',
      '| 118 | 1 | 0 | 1 | 12.5 | 121–160 |',
      '',
      'Given up:',
      '- run 8: a b c ',
    ]);
    expect(detailsOf({ ...view, total: 0, poisoned: [], underWay: [] })).toContain('(100 %)');
  });

  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%d is written %s', (n, text) => {
    expect(grouped(n)).toBe(text);
  });

  it('numbers runs from 1 and says how fast it is', () => {
    expect(summaryOfRuns(runsOf({ from: 20, to: 40 }, 2), 2_000)).toBe('runs 41–80 of 2,000');
    const counts = { succeeded: 30, failed: 0, stopped: 0, handedOver: 0 };
    expect(rateOf(counts, { startedAt: 1_000, now: 5_000 })).toBe(7.5);
    expect(rateOf(counts, { startedAt: 1_000, now: 1_000 })).toBe(0);
  });
});

describe('what the shards of a batch tell', () => {
  const counts = { succeeded: 1, failed: 0, stopped: 0, handedOver: 0 };
  const paused = { shard: 0, counts, underWay: [[1, 2]], paused: true, nth: 1 } as const;
  const left = { ...paused, underWay: [], nth: 2 } as const;

  it.each([
    ['in its order', [paused, left]],
    ['the later one first', [left, paused]],
    ['twice', [paused, left, left, paused]],
  ])('is what it told last, when it comes %s', (_, told) => {
    expect(told.reduce<ReturnType<typeof withProgress>>(withProgress, new Map()).get(0)).toEqual(left);
  });

  it('keeps that it was paused when it is over, and leaves the others alone', () => {
    const other = { ...paused, shard: 1 };
    const known = [paused, other, { shard: 0, counts, underWay: [], nth: Infinity }].reduce<ReturnType<typeof withProgress>>(
      withProgress,
      new Map(),
    );
    expect(known.get(0)).toEqual({ shard: 0, counts, underWay: [], paused: true, nth: Infinity });
    expect(known.get(1)).toEqual(other);
  });
});
