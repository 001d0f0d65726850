import type { PartitionEnd, SourceChunk, SourceOffset } from '../../../schemas/index.ts';
import type { OnProgress } from '../../context.ts';

/** How far one reading is from the ends that the partitions had when it began. */
export type ReadingProgress = {
  readonly chunk: (chunk: SourceChunk) => void;
  /** Every partition was read to the end that it had. */
  readonly isThere: () => boolean;
  /** Tells that all is read. */
  readonly end: () => void;
};

/** `done` and `total` are counted as the source does: bytes of files, records of topics. */
export function readingProgress({
  label,
  ends,
  offsets,
  onProgress,
}: {
  readonly label: string;
  readonly ends: readonly PartitionEnd[];
  readonly offsets: readonly SourceOffset[];
  readonly onProgress: OnProgress;
}): ReadingProgress {
  const nameOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic}/${partition}`;
  const places = new Map(offsets.map((offset) => [nameOf(offset), offset.nextOffset]));
  const goals = ends.flatMap((end) => (end.end === null ? [] : [{ name: nameOf(end), end: end.end, low: end.low ?? 0 }]));
  // A log that ends before what was stored is another one, and is read from its beginning.
  for (const { name, end, low } of goals) {
    const at = places.get(name);
    if (at === undefined || at > end) places.set(name, low);
  }
  const doneOf = ({ name, end }: { readonly name: string; readonly end: number }): number => Math.min(end, places.get(name) ?? 0);
  const total = goals.reduce((sum, { end }) => sum + end, 0);
  const tell = (): void => onProgress({ label, done: goals.reduce((sum, goal) => sum + doneOf(goal), 0), total });
  tell();
  return {
    chunk: (chunk) => {
      places.set(nameOf(chunk), chunk.next.offset);
      tell();
    },
    isThere: () => goals.every((goal) => doneOf(goal) >= goal.end),
    end: () => onProgress({ label, done: total, total }),
  };
}
