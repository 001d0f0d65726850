import type { ArrivedRecord, TrendSettings } from '../schemas/core.ts';
import { timeOf } from './panes.ts';

/** What was seen of a partition: the latest event, and when its newest record was received (milliseconds since 1970 UTC). */
export type PartitionMark = { readonly topic: string; readonly partition: number; readonly eventTime: number; readonly receivedAt: number };

/** `partitions`: those that are not idle. `receivedAt`: of the newest record of all. */
export type Watermarks = {
  readonly receivedAt: number;
  readonly partitions: readonly PartitionMark[];
  /** Before this time everything is taken to be here. It never goes back. Null before the first record. */
  readonly watermark: number | null;
};

export const NO_WATERMARKS: Watermarks = { receivedAt: 0, partitions: [], watermark: null };

type Seen = Pick<ArrivedRecord, 'origin' | 'eventTime' | 'receivedAt'>;

/**
 * The watermark of a partition is its latest event minus the lateness that is waited for; that of the source is the lowest of its
 * partitions. A partition is idle, and holds nothing up, when the newest record of the source was received `idleSeconds` after its own.
 */
export function observe(before: Watermarks, record: Seen, settings: Pick<TrendSettings, 'latenessSeconds' | 'idleSeconds'>): Watermarks {
  const { topic, partition } = record.origin;
  const isSame = (mark: PartitionMark): boolean => mark.partition === partition && mark.topic === topic;
  const old = before.partitions.find(isSame);
  const mark = {
    topic,
    partition,
    eventTime: Math.max(old?.eventTime ?? -Infinity, timeOf(record)),
    receivedAt: Math.max(old?.receivedAt ?? 0, record.receivedAt),
  };
  const receivedAt = Math.max(before.receivedAt, record.receivedAt);
  const earliest = receivedAt - settings.idleSeconds * 1000;
  const partitions = [...before.partitions.filter((one) => !isSame(one) && one.receivedAt >= earliest), mark];
  const active = partitions.filter((one) => one.receivedAt >= earliest);
  const lowest = Math.min(...active.map(({ eventTime }) => eventTime)) - settings.latenessSeconds * 1000;
  // Only a record that was received long before those of other partitions leaves none active with it: then nothing moves.
  const watermark = active.length === 0 ? before.watermark : Math.max(before.watermark ?? lowest, lowest);
  return { receivedAt, partitions, watermark };
}
