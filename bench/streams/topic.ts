import { randomBytes } from 'node:crypto';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel } from 'kafkajs';

const REPORT = {
  type: 'record',
  name: 'Report',
  namespace: 'bench',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'account', type: 'string' },
    { name: 'category', type: 'string' },
    { name: 'reporter', type: 'string' },
    { name: 'text', type: 'string' },
    { name: 'score', type: 'double' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};
const TEXT =
  'Hello, your parcel could not be delivered since a fee was not paid. Follow the address below within a day to have it sent again, or it goes back to the shop that you bought it from.';

export type BenchTopic = { readonly kafka: Kafka; readonly name: string; readonly registryUrl: string; remove(): Promise<void> };

/** A topic of its own with 8 partitions and `count` Avro records of about 300 bytes. */
export async function fillTopic(brokers: string, registryUrl: string, count: number): Promise<BenchTopic> {
  const kafka = new Kafka({ clientId: 'bench', brokers: [brokers], logLevel: logLevel.NOTHING });
  const name = `riskflow-bench-${randomBytes(4).toString('hex')}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: name, numPartitions: 8 }] });
  const registry = new SchemaRegistry({ host: registryUrl });
  const { id } = await registry.register({ type: SchemaType.AVRO, schema: JSON.stringify(REPORT) }, { subject: `${name}-value` });
  const producer = kafka.producer();
  await producer.connect();
  const record = (i: number) => ({
    id: `r-${i}`,
    account: `acct-${i % 997}`,
    category: ['spam', 'scam', 'abuse'][i % 3],
    reporter: `u-${i % 5000}`,
    text: `${TEXT} ${i}`,
    score: i / 3,
    at: 1_790_000_000_000 + i * 10,
  });
  for (let at = 0; at < count; at += 1000) {
    const size = Math.min(1000, count - at);
    const messages = await Promise.all(
      Array.from({ length: size }, async (_, k) => ({ key: `acct-${(at + k) % 997}`, value: await registry.encode(id, record(at + k)) })),
    );
    await producer.send({ topic: name, messages });
  }
  await producer.disconnect();
  return {
    kafka,
    name,
    registryUrl,
    remove: async () => {
      await admin.deleteTopics({ topics: [name] });
      await admin.disconnect();
    },
  };
}

/** What kafkajs and the registry's client do by themselves: records a second, decoded and dropped. */
export async function consumePlainly({ kafka, name, registryUrl }: BenchTopic, count: number): Promise<number> {
  const registry = new SchemaRegistry({ host: registryUrl });
  const consumer = kafka.consumer({ groupId: `${name}-plain` });
  await consumer.connect();
  await consumer.subscribe({ topic: name, fromBeginning: true });
  let seen = 0;
  let began = 0;
  const done = new Promise<number>((resolve) => {
    void consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        if (seen === 0) began = performance.now();
        for (const { value } of batch.messages) if (value !== null) await registry.decode(value);
        seen += batch.messages.length;
        if (seen >= count) resolve((performance.now() - began) / 1000);
      },
    });
  });
  const seconds = await done;
  await consumer.disconnect();
  return count / seconds;
}
