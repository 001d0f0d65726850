import type { PartitionName, ReadingPlace } from '../../schemas/index.ts';
import { taskOf } from './kafka-settings.ts';

/** A partition that the group has given to us. Changed in place by its session. */
export type OwnPartition = PartitionName & {
  /** Where the next chunk begins, as the host knows it; undefined until it said so. */
  place: ReadingPlace | undefined;
  /** The first offset that may come next: `place`, or what is left of the log behind it. */
  wanted: number;
  /** Settles when the host knows of marks that were passed over. */
  passing: Promise<void>;
};

/** Partitions by name, as kafkajs lists them in an assignment. */
export function ownPartitions(assignment: Readonly<Record<string, readonly number[]>>): Map<string, OwnPartition> {
  const all = Object.entries(assignment).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })));
  return new Map(all.map((name) => [taskOf(name), { ...name, place: undefined, wanted: 0, passing: Promise.resolve() }]));
}

/** As kafkajs wants them for pause and resume. */
export const byTopic = (partitions: Iterable<PartitionName>): { topic: string; partitions: number[] }[] =>
  [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, of]) => ({ topic, partitions: of.map(({ partition }) => partition) }));
