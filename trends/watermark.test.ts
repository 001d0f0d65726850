import { describe, expect, it } from 'vitest';
import { NO_WATERMARKS, observe } from './watermark.ts';

const settings = { latenessSeconds: 120, idleSeconds: 60 };
const at = (seconds: number): number => 1_760_000_000_000 + seconds * 1000;
type Seen = { readonly partition: number; readonly event: number; readonly received: number };
const follow = (seen: readonly Seen[]) =>
  seen.reduce(
    (before, { partition, event, received }) =>
      observe(
        before,
        { origin: { sourceId: 's', incarnation: 1, topic: 't', partition, offset: 0 }, eventTime: at(event), receivedAt: at(received) },
        settings,
      ),
    NO_WATERMARKS,
  );

describe('the watermark', () => {
  it.each<{ readonly what: string; readonly seen: readonly Seen[]; readonly watermark: number; readonly active: readonly number[] }>([
    { what: 'is the latest event minus the lateness', seen: [{ partition: 0, event: 500, received: 500 }], watermark: 380, active: [0] },
    {
      what: 'is the lowest of the partitions',
      seen: [
        { partition: 0, event: 500, received: 500 },
        { partition: 1, event: 300, received: 501 },
        { partition: 0, event: 520, received: 520 },
        { partition: 1, event: 505, received: 521 },
      ],
      watermark: 385,
      active: [0, 1],
    },
    {
      what: 'does not wait for a partition that says nothing while others do',
      seen: [
        { partition: 1, event: 300, received: 300 },
        { partition: 0, event: 355, received: 360 },
        { partition: 0, event: 362, received: 361 },
      ],
      watermark: 242,
      active: [0],
    },
    {
      what: 'never goes back when an idle partition speaks again',
      seen: [
        { partition: 0, event: 500, received: 500 },
        { partition: 1, event: 100, received: 501 },
      ],
      watermark: 380,
      active: [0, 1],
    },
    {
      what: 'is not moved by a clock that is far ahead',
      seen: [{ partition: 0, event: 9_000_000, received: 500 }],
      watermark: 380,
      active: [0],
    },
    { what: 'follows a clock that is a little ahead', seen: [{ partition: 0, event: 600, received: 500 }], watermark: 480, active: [0] },
  ])('$what', ({ seen, watermark, active }) => {
    const marks = follow(seen);
    expect(marks.watermark).toBe(at(watermark));
    expect(marks.partitions.map(({ partition }) => partition).toSorted((a, b) => a - b)).toEqual(active);
  });
});
