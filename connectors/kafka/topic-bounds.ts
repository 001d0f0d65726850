import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import type { PartitionEnd } from '../../schemas/index.ts';

const LIMIT_MS = 15_000;

/**
 * Asks for the first offset that is still there, and the one behind the last, of every partition. By a connection of its own each time: what
 * an older one knows of topics may be of before they were made again.
 *
 * @throws what kafkajs throws, or after 15 s without an answer
 */
export async function readBounds(kafka: Kafka, topics: readonly string[]): Promise<readonly PartitionEnd[]> {
  const admin = kafka.admin({ retry: { retries: 2 } });
  const answered = new AbortController();
  const late = delay(LIMIT_MS, undefined, { signal: answered.signal }).then(() => {
    throw new Error(`no answer about the topics within ${LIMIT_MS / 1000} s`);
  });
  try {
    return await Promise.race([ask(admin, topics), late]);
  } finally {
    answered.abort();
    late.catch(() => undefined);
    admin.disconnect().catch(() => undefined);
  }
}

async function ask(admin: Admin, topics: readonly string[]): Promise<readonly PartitionEnd[]> {
  await admin.connect();
  const found: PartitionEnd[] = [];
  for (const topic of topics) {
    const partitions = await admin.fetchTopicOffsets(topic);
    found.push(...partitions.map(({ partition, low, high }) => ({ topic, partition, low: Number(low), end: Number(high) })));
  }
  return found;
}
