import type { Consumer } from 'kafkajs';
import { afterAll, beforeAll } from 'vitest';
import { sinkSettings, type Json } from '../schemas/index.ts';
import { createKafkaSink } from './kafka/kafka-sink.ts';
import { brokersOf, openRig, until, type KafkaRig } from './kafka/stack-rig.ts';
import { sinkContract } from './sink.contract.ts';

// One consumer for all tests: joining its group takes seconds.
let rig: KafkaRig;
let consumer: Consumer;
const came: { readonly id: string; readonly key: string | null; readonly body: Json }[] = [];

beforeAll(async () => {
  rig = await openRig();
  consumer = rig.kafka.consumer({ groupId: rig.topic });
  await consumer.connect();
  await consumer.subscribe({ topic: rig.topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { headers, key, value } }) => {
      const body = JSON.parse(value?.toString() ?? 'null') as Json;
      came.push({ id: String(headers?.['decision-id']), key: key === null ? null : key.toString(), body });
    },
  });
}, 40_000);
afterAll(async () => {
  await consumer.disconnect();
  await rig.admin.deleteGroups([rig.topic]).catch(() => undefined);
  await rig[Symbol.asyncDispose]();
}, 40_000);

/** Messages of the topic. */
const sent = async (): Promise<number> =>
  (await rig.admin.fetchTopicOffsets(rig.topic)).reduce((sum, { offset }) => sum + Number(offset), 0);

sinkContract(
  'a topic of Kafka',
  async () => {
    const settings = sinkSettings.parse({ kind: 'kafka', brokers: brokersOf(), topic: rig.topic });
    if (settings.kind !== 'kafka') throw new Error('these are no settings of Kafka');
    const sink = createKafkaSink(settings, { secrets: {}, onLog: () => undefined });
    const before = await sent();
    return {
      sink,
      received: async () => {
        const count = await sent();
        await until(
          () => came.length >= count,
          () => `${came.length} of ${count} messages`,
        );
        return came.slice(before);
      },
      close: () => sink.close(),
    };
  },
  { timeout: 40_000, goesAway: false },
);
