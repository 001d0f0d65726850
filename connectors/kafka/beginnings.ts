import type { Kafka } from 'kafkajs';
import {
  messageOf,
  type ConnectorHost,
  type KafkaConnectorSettings,
  type PartitionEnd,
  type PartitionName,
  type ReadingPlace,
} from '../../schemas/index.ts';
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

/** Where a partition is to be read on: where the host says, else where the settings do. */
export async function placeToBegin(
  name: PartitionName,
  { low, end }: { readonly low: number | null; readonly end: number | null },
  { host, from }: { readonly host: ConnectorHost; readonly from: KafkaConnectorSettings['from'] },
): Promise<ReadingPlace> {
  const stored = await host.begin(name, { low, end });
  if (stored !== null) return stored;
  const latest = from === 'latest' && end !== null;
  const place = { incarnation: FIRST_INCARNATION, offset: latest ? end : (low ?? 0), position: null };
  if (!latest) return place;
  // At once, before there is a record: else the end would be another one the next time.
  const answer = await host.deliver({ ...name, records: [], next: { offset: place.offset, position: null } }, place);
  return answer.place ?? place;
}
