import { describe, expect, it } from 'vitest';
import type { PartitionEnd, SourceChunk, SourceOffset } from '../../../schemas/index.ts';
import { readingProgress } from './reading-progress.ts';

const end = (partition: number, to: number | null, low: number | null = 0): PartitionEnd => ({ topic: 't', partition, low, end: to });
const offset = (partition: number, nextOffset: number): SourceOffset => ({
  sourceId: 's',
  incarnation: 1,
  topic: 't',
  partition,
  nextOffset,
  position: null,
  skipped: 0,
});
const chunk = (partition: number, next: number): SourceChunk => ({
  topic: 't',
  partition,
  records: [],
  next: { offset: next, position: null },
});

function open(ends: readonly PartitionEnd[], offsets: readonly SourceOffset[] = []) {
  const told: string[] = [];
  const progress = readingProgress({ label: 'read s', ends, offsets, onProgress: ({ done, total }) => told.push(`${done}/${total}`) });
  return { ...progress, told };
}

describe('readingProgress', () => {
  it('counts to the ends that the partitions had, and not beyond', () => {
    const { chunk: see, isThere, told } = open([end(0, 10), end(1, 5)], [offset(0, 4)]);
    expect(isThere()).toBe(false);
    see(chunk(1, 7));
    see(chunk(0, 9));
    expect(isThere()).toBe(false);
    see(chunk(0, 10));
    expect(isThere()).toBe(true);
    expect(told).toEqual(['4/15', '9/15', '14/15', '15/15']);
  });

  it.each([
    ['nothing is to be read', [], [], true],
    ['all was read before', [end(0, 10)], [offset(0, 10)], true],
    ['an end is not known', [end(0, null)], [], true],
    ['a log that was cut is read from its beginning', [end(0, 10)], [offset(0, 30)], false],
    ['the log holds nothing any more', [end(0, 10, 10)], [], true],
    ['a partition that was never read begins at its low end', [end(0, 12, 10)], [], false],
  ])('is there at once or not when %s', (_, ends, offsets, there) => {
    expect(open(ends, offsets).isThere()).toBe(there);
  });
});
