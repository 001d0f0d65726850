import type { ArrivedRecord, TrendSettings } from '../schemas/core.ts';
import { MINUTE_MS, timeOf } from './panes.ts';

/**
 * What was seen of a partition: the latest event, and when its newest record was received (milliseconds since 1970 UTC; later by silences in which no
 * record of any partition came). `ahead`: the time of the newest record, when it is so far ahead that another has to say so too.
 */
export type PartitionMark = {
  readonly topic: string;
  readonly partition: number;
  readonly eventTime: number;
  readonly ahead: number | null;
  readonly receivedAt: number;
};

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
 * The watermark of a partition is its latest event minus the lateness that is waited for, and an event that says to be in the future counts as
 * now: what comes until then is not late. That of the source is the lowest of its partitions. A partition is idle, and holds nothing up,
 * when the newest record of the source was received `idleSeconds` after its own.
 */
export function observe(before: Watermarks, record: Seen, settings: Pick<TrendSettings, 'latenessSeconds' | 'idleSeconds'>): Watermarks {
  const { topic, partition } = record.origin;
  const isSame = (mark: PartitionMark): boolean => mark.partition === partition && mark.topic === topic;
  const idleMs = settings.idleSeconds * 1000;
  const earlier = withoutSilence(before, record.receivedAt, idleMs / 2);
  const old = earlier.find(isSame);
  const mark: PartitionMark = {
    topic,
    partition,
    ...latestOf(old, Math.min(timeOf(record), record.receivedAt)),
    receivedAt: Math.max(old?.receivedAt ?? 0, record.receivedAt),
  };
  const receivedAt = Math.max(before.receivedAt, record.receivedAt);
  const earliest = receivedAt - idleMs;
  const partitions = [...earlier.filter((one) => !isSame(one) && one.receivedAt >= earliest), mark];
  const active = partitions.filter((one) => one.receivedAt >= earliest);
  const lowest = Math.min(...active.map(({ eventTime }) => eventTime)) - settings.latenessSeconds * 1000;
  // Only a record that was received long before those of other partitions leaves none active with it: then nothing moves.
  const watermark = active.length === 0 ? before.watermark : Math.max(before.watermark ?? lowest, lowest);
  return { receivedAt, partitions, watermark };
}

/** A record this much ahead of all others of its partition may have a wrong clock, and moves nothing until the next one is ahead too. */
const DOUBTED_MS = 60 * MINUTE_MS;

function latestOf(old: PartitionMark | undefined, time: number): Pick<PartitionMark, 'eventTime' | 'ahead'> {
  if (old === undefined) return { eventTime: time, ahead: null };
  if (time <= old.eventTime + DOUBTED_MS) return { eventTime: Math.max(old.eventTime, time), ahead: null };
  if (old.ahead === null) return { eventTime: old.eventTime, ahead: time };
  const eventTime = Math.min(old.ahead, time);
  return time <= eventTime + DOUBTED_MS ? { eventTime: time, ahead: null } : { eventTime, ahead: time };
}

/**
 * The marks after a time in which no record came at all, of which only so much counts against a partition: when all of them are silent,
 * nobody may have been reading, and each gets the time to say what it has.
 */
function withoutSilence({ partitions, receivedAt }: Watermarks, now: number, longestMs: number): readonly PartitionMark[] {
  const cut = now - receivedAt - longestMs;
  return cut <= 0 ? partitions : partitions.map((mark) => ({ ...mark, receivedAt: mark.receivedAt + cut }));
}
