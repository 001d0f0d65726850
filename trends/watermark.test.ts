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
        { partition: 0, event: 330, received: 330 },
        { partition: 0, event: 355, received: 360 },
        { partition: 0, event: 360, received: 361 },
      ],
      watermark: 240,
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
    {
      what: 'is not moved beyond the receipt by a clock that is a little ahead',
      seen: [{ partition: 0, event: 600, received: 500 }],
      watermark: 380,
      active: [0],
    },
    {
      what: 'waits for all partitions after a time in which nobody read any',
      seen: [
        { partition: 0, event: 300, received: 300 },
        { partition: 1, event: 301, received: 301 },
        { partition: 0, event: 3800, received: 3801 },
        { partition: 0, event: 3810, received: 3811 },
      ],
      watermark: 181,
      active: [0, 1],
    },
    {
      what: 'does not wait long after such a time for a partition that says nothing more',
      seen: [
        { partition: 0, event: 300, received: 300 },
        { partition: 1, event: 301, received: 301 },
        { partition: 0, event: 3800, received: 3801 },
        { partition: 0, event: 3820, received: 3821 },
        { partition: 0, event: 3840, received: 3842 },
      ],
      watermark: 3720,
      active: [0],
    },
    {
      what: 'is not moved by one record of a backlog that is far ahead of the others',
      seen: [
        { partition: 0, event: 100, received: 90_000 },
        { partition: 0, event: 80_000, received: 90_001 },
        { partition: 0, event: 101, received: 90_002 },
        { partition: 0, event: 9_000_000, received: 90_003 },
        { partition: 0, event: 102, received: 90_004 },
      ],
      watermark: -18,
      active: [0],
    },
    {
      what: 'follows two records in a row that are far ahead: there was nothing between',
      seen: [
        { partition: 0, event: 100, received: 90_000 },
        { partition: 0, event: 80_000, received: 90_001 },
        { partition: 0, event: 80_010, received: 90_002 },
      ],
      watermark: 79_890,
      active: [0],
    },
    {
      what: 'of records that are hours apart is one record behind',
      seen: [
        { partition: 0, event: 10_000, received: 10_000 },
        { partition: 0, event: 20_000, received: 20_000 },
        { partition: 0, event: 30_000, received: 30_000 },
      ],
      watermark: 19_880,
      active: [0],
    },
    {
      what: 'of a source that hardly ever says anything waits for two more records',
      seen: [
        { partition: 1, event: 100, received: 100 },
        { partition: 0, event: 3000, received: 3000 },
        { partition: 0, event: 6000, received: 6000 },
        { partition: 0, event: 9000, received: 9000 },
      ],
      watermark: 8880,
      active: [0],
    },
  ])('$what', ({ seen, watermark, active }) => {
    const marks = follow(seen);
    expect(marks.watermark).toBe(at(watermark));
    expect(marks.partitions.map(({ partition }) => partition).toSorted((a, b) => a - b)).toEqual(active);
  });
});
