import type { Kafka } from 'kafkajs';
import { messageOf, type ConnectorHost, type PartitionEnd, type PartitionName, type ReadingPlace } from '../../schemas/index.ts';
import { backOff, pause } from './alive.ts';
import type { KafkaLog } from './kafka-client.ts';
import { taskOf } from './kafka-settings.ts';
import { readBounds } from './topic-bounds.ts';

/** A source begins with this incarnation of its log. */
const FIRST_INCARNATION = 1;

/** Where the partitions of topics begin and end, by the names of their tasks; asked until there is an answer, or nobody wants one any more. */
export async function untilBounds(
  { kafka, topics }: { readonly kafka: Kafka; readonly topics: readonly string[] },
  { onLog, isWanted, over }: { readonly onLog: (entry: KafkaLog) => void; readonly isWanted: () => boolean; readonly over: AbortSignal },
): Promise<ReadonlyMap<string, PartitionEnd>> {
  for (let failures = 1; isWanted(); failures++) {
    try {
      return new Map((await readBounds(kafka, topics)).map((end) => [taskOf(end), end]));
    } catch (error) {
      onLog({ level: 'info', message: `asking where the log begins and ends failed: ${messageOf(error)}` });
      await pause(backOff(failures), over);
    }
  }
  return new Map();
}

/** Where a partition is to be read on: where the host says, else from its beginning. */
export async function placeToBegin(
  name: PartitionName,
  { low, end }: { readonly low: number | null; readonly end: number | null },
  host: ConnectorHost,
): Promise<ReadingPlace> {
  return (await host.begin(name, { low, end })) ?? { incarnation: FIRST_INCARNATION, offset: low ?? 0, position: null };
}

/**
 * Has the host store, for a topic that was never read, that all its partitions begin at the ends they have now, whoever reads them: at once, before there
 * is a record, and the first one last. Where that is stored, a partition without a place was added later, and nothing of it may be left out.
 */
export async function beginAtEnds(host: ConnectorHost, partitions: readonly PartitionEnd[]): Promise<void> {
  const lastFirst = partitions.toSorted((a, b) => b.partition - a.partition);
  const first = lastFirst.at(-1);
  if (first === undefined || (await host.begin(first, first)) !== null) return;
  for (const { topic, partition, low, end } of lastFirst) {
    if (end === null || (await host.begin({ topic, partition }, { low, end })) !== null) continue;
    const next = { offset: end, position: null };
    await host.deliver({ topic, partition, records: [], next }, { incarnation: FIRST_INCARNATION, ...next });
  }
}
