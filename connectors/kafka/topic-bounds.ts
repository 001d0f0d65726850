import type { Kafka } from 'kafkajs';
import type { PartitionEnd } from '../../schemas/index.ts';

/**
 * Asks for the first offset that is still there, and the one behind the last, of every partition. By a connection of its own each time: what
 * an older one knows of topics may be of before they were made again.
 */
export async function readBounds(kafka: Kafka, topics: readonly string[]): Promise<readonly PartitionEnd[]> {
  const admin = kafka.admin({ retry: { retries: 2 } });
  await admin.connect();
  try {
    const found: PartitionEnd[] = [];
    for (const topic of topics) {
      const partitions = await admin.fetchTopicOffsets(topic);
      found.push(...partitions.map(({ partition, low, high }) => ({ topic, partition, low: Number(low), end: Number(high) })));
    }
    return found;
  } finally {
    await admin.disconnect();
  }
}
