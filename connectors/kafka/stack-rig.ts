import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel, type Admin, type Message } from 'kafkajs';
import { connectorSettings, type KafkaConnectorSettings, type SourceConnector } from '../../schemas/index.ts';
import { containIdleTimer } from './idle-timer.ts';
import type { KafkaLog } from './kafka-client.ts';
import { createKafkaConnector } from './kafka-connector.ts';
import { groupOf, type KafkaConnectorDeps, type KafkaTiming } from './kafka-settings.ts';
import { createMemoryInbox, type HostOptions, type MemoryInbox } from './memory-inbox.ts';

/** For tests: the value of a variable that `npm run stack -- up` prints. @throws when it is not set */
export function fromStack(name: string): string {
  const value = process.env[name] ?? '';
  if (value === '') throw new Error(`${name} is not set: start the servers with npm run stack -- up, and export what it prints`);
  return value;
}

export const brokersOf = (variable = 'RISKFLOW_TEST_KAFKA_BROKERS'): readonly string[] => fromStack(variable).split(',');
/** Quick enough for tests: brokers take no shorter session than 6 s. */
const QUICK: Partial<KafkaTiming> = { sessionMs: 6_000, rebalanceMs: 10_000, heartbeatMs: 500, fetchWaitMs: 200 };

const newName = (): string => `riskflow-test-${randomBytes(6).toString('hex')}`;

/** Waits for a condition, at most 15 s. @throws with what `else` says */
export async function until(condition: () => boolean, otherwise: () => string, limitMs = 15_000): Promise<void> {
  for (const end = performance.now() + limitMs; !condition(); await delay(20)) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${otherwise()}`);
  }
}

/** A topic of its own, what reads it, and a memory of what was read. Everything is removed at the end. */
export type KafkaRig = {
  readonly topic: string;
  readonly inbox: MemoryInbox;
  readonly logs: readonly KafkaLog[];
  readonly admin: Admin;
  readonly kafka: Kafka;
  produce(messages: readonly Message[]): Promise<void>;
  settings(more?: Readonly<Record<string, unknown>>): KafkaConnectorSettings;
  deps(more?: Partial<KafkaConnectorDeps>): KafkaConnectorDeps;
  /** Starts reading; `stop` resolves when `run` has. */
  read(
    reader: string,
    options?: Partial<HostOptions> & { readonly settings?: KafkaConnectorSettings; readonly deps?: KafkaConnectorDeps },
  ): Reading;
  [Symbol.asyncDispose](): Promise<void>;
};
export type Reading = { readonly connector: SourceConnector; readonly done: Promise<void>; stop(): Promise<void> };

export async function openRig({ partitions = 1, brokers = brokersOf() } = {}): Promise<KafkaRig> {
  containIdleTimer();
  const topic = newName();
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer();
  await Promise.all([admin.connect(), producer.connect()]);
  await createTopic(admin, topic, partitions);
  const inbox = createMemoryInbox();
  const logs: KafkaLog[] = [];
  const open: Reading[] = [];
  const settings: KafkaRig['settings'] = (more = {}) => kafkaSettings({ kind: 'kafka', brokers, topics: [topic], ...more });
  const deps: KafkaRig['deps'] = (more = {}) => ({
    name: topic,
    secrets: {},
    onLog: (entry) => void logs.push(entry),
    timing: QUICK,
    ...more,
  });
  return {
    topic,
    inbox,
    logs,
    admin,
    kafka,
    produce: async (messages) => void (await producer.send({ topic, messages: [...messages] })),
    settings,
    deps,
    read: (reader, { settings: given = settings(), deps: with_ = deps(), ...options } = {}) => {
      const ended = new AbortController();
      const connector = createKafkaConnector(given, with_);
      const done = connector.run(inbox.host(reader, { signal: ended.signal, ...options }));
      const stop = async (): Promise<void> => {
        ended.abort();
        await done;
        await connector.close();
      };
      const reading = { connector, done, stop };
      open.push(reading);
      return reading;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(open.map((one) => one.stop().catch(() => undefined)));
      await admin.deleteTopics({ topics: [topic] }).catch(() => undefined);
      await admin.deleteGroups([groupOf(settings(), topic)]).catch(() => undefined);
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
}

/** A broker that has just started takes a while to know of a topic what it was told to make. */
async function createTopic(admin: Admin, topic: string, partitions: number): Promise<void> {
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false });
  for (const end = performance.now() + 10_000; ; await delay(50)) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

/** Settings as the configuration gives them, with their defaults. */
function kafkaSettings(given: Readonly<Record<string, unknown>>): KafkaConnectorSettings {
  const settings = connectorSettings.parse(given);
  if (settings.kind !== 'kafka') throw new Error(`these are settings of ${settings.kind}`);
  return settings;
}

/** `{"n": FROM}` to `{"n": FROM+COUNT-1}`, spread over the partitions by their own numbers. */
export const numbered = (count: number, { from = 0, partitions = 1 } = {}): Message[] =>
  Array.from({ length: count }, (_, i) => ({
    partition: (from + i) % partitions,
    key: `k${from + i}`,
    value: JSON.stringify({ n: from + i }),
  }));

/** The field `n` of what was stored, in the order in which it was. */
export const numbersOf = (inbox: MemoryInbox): readonly number[] =>
  inbox.records.map(({ record: { content } }) => (content.ok ? Number(content.fields.get('n')) : NaN));

/** What must hold however readers come and go: each record once, and in order within its partition. @throws when it does not */
export function holdsTogether(inbox: MemoryInbox): void {
  const last = new Map<string, number>();
  for (const { topic, partition, incarnation, record } of inbox.records) {
    const log = `${topic}/${partition} of incarnation ${incarnation}`;
    const before = last.get(log) ?? -1;
    if (record.offset <= before) throw new Error(`offset ${record.offset} of ${log} was stored after ${before}`);
    last.set(log, record.offset);
  }
}
