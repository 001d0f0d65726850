import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { openApp, readSettings, type Context } from '../../runtime/index.ts';
import { rulesFlow } from '../../runtime/streams/source-rig.ts';
import { riskflow, startRiskflow, testEnvironment, type Finished, type Started } from '../riskflow-process.ts';
import { makeDatabase } from './own-database.ts';

export type StreamPlaces = { readonly mysql: string; readonly temporal: string; readonly kafka: string; readonly registry: string };

/** A topic of reports, a source over it whose decisions go to a topic, and processes that work on it. */
export type StreamRig = {
  readonly sourceId: string;
  /** Produces records `from`… up to `to`; every hundredth is no Avro. Waits while the broker is away. */
  produce(from: number, to: number): Promise<void>;
  cli(args: readonly string[]): Promise<Finished>;
  /** `riskflow start` or `riskflow worker`, ready. */
  process(command: 'start' | 'worker'): Promise<Started>;
  readonly context: Context;
  /** Everything in the topic of decisions, in order within each partition. */
  consumed(): Promise<readonly SentDecision[]>;
  /** The settings of the source with what is changed in its format. */
  settingsFile(format: object): string;
  close(): Promise<void>;
};
export type SentDecision = {
  readonly partition: number;
  readonly key: string;
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
};

const PARTITIONS = 8;
const SUBJECTS = 97;

/** Whether a record is one that cannot be read as Avro. */
export const isMalformed = (i: number): boolean => i % 100 === 37;
export const subjectOf = (i: number): string => `acct-${i % SUBJECTS}`;

const REPORT = {
  type: 'record',
  name: 'Report',
  namespace: 'test',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'account', type: 'string' },
    { name: 'category', type: 'string' },
    { name: 'text', type: 'string' },
    { name: 'seq', type: 'long' },
  ],
};

export async function openStreamRig(places: StreamPlaces): Promise<StreamRig> {
  const database = await makeDatabase(places.mysql);
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-stream-'));
  const sourceId = 'reports';
  const name = randomBytes(5).toString('hex');
  const [topic, decisions] = [`reports-${name}`, `decisions-${name}`];
  const config = join(folder, 'riskflow.yml');
  const sink = { kind: 'kafka', brokers: [places.kafka], topic: decisions };
  writeFileSync(config, JSON.stringify({ temporal: { address: places.temporal, taskQueue: database.name }, sinks: { decisions: sink } }));
  const flow = join(folder, 'rules.yml');
  writeFileSync(flow, rulesFlow());
  const environment = testEnvironment(join(folder, 'data'), { RISKFLOW_MYSQL_URL: database.url, RISKFLOW_CONFIG: config });
  const kafka = new Kafka({
    clientId: 'test',
    brokers: [places.kafka],
    logLevel: logLevel.NOTHING,
    retry: { retries: 30, maxRetryTime: 1000 },
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      { topic, numPartitions: PARTITIONS },
      { topic: decisions, numPartitions: 4 },
    ],
  });
  const registry = new SchemaRegistry({ host: places.registry });
  const { id } = await registry.register({ type: SchemaType.AVRO, schema: JSON.stringify(REPORT) }, { subject: `${topic}-value` });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const settingsFile = (format: object): string => {
    const file = join(folder, `source-${randomBytes(3).toString('hex')}.json`);
    const connector = {
      kind: 'kafka',
      brokers: [places.kafka],
      topics: [topic],
      group: `riskflow-${name}`,
      format: { kind: 'registry', registry: { url: places.registry }, ...format },
    };
    const record = { key: 'id', subject: 'account', category: 'category' };
    writeFileSync(file, JSON.stringify({ name: sourceId, flow, connector, record }));
    return file;
  };
  const app = await openApp(readSettings(environment, folder), { actor: 'tester' });
  const closing: (() => Promise<unknown>)[] = [];
  const message = async (i: number): Promise<Message> => {
    const report = {
      id: `r-${i}`,
      account: subjectOf(i),
      category: i % 3 === 0 ? 'spam' : 'scam',
      text: i % 5 === 0 ? 'an offer' : 'hello',
      seq: i,
    };
    return { key: subjectOf(i), value: isMalformed(i) ? JSON.stringify(report) : await registry.encode(id, report) };
  };
  return {
    sourceId,
    context: app.context,
    settingsFile,
    produce: async (from, to) => {
      for (let at = from; at < to; at += 500) {
        const messages = await Promise.all(Array.from({ length: Math.min(500, to - at) }, (_, k) => message(at + k)));
        await producer.send({ topic, messages, acks: -1 });
      }
    },
    cli: (args) => riskflow(args, environment),
    process: async (command) => {
      const more = command === 'start' ? ['--no-listen'] : [];
      const started = startRiskflow([command, '--json', '--http', '127.0.0.1:0', ...more], environment);
      closing.push(async () => {
        started.child.kill('SIGKILL');
        await started.finished;
      });
      await readiness(started);
      return started;
    },
    consumed: () => consumeAll(kafka, decisions),
    close: async () => {
      for (const close of closing.toReversed()) await close();
      await app.close();
      await producer.disconnect().catch(() => undefined);
      await admin.disconnect().catch(() => undefined);
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readiness({ child, finished }: Started): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (text: string) => (String(text).includes('}') ? resolve() : undefined));
    finished.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
  });
}

async function consumeAll(kafka: Kafka, topic: string): Promise<readonly SentDecision[]> {
  const admin = kafka.admin();
  await admin.connect();
  const goals = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  await admin.disconnect();
  const found: SentDecision[] = [];
  const consumer = kafka.consumer({ groupId: `check-${randomBytes(4).toString('hex')}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ partition, message: { key, value, headers, offset } }) => {
      const body = JSON.parse(String(value)) as Readonly<Record<string, unknown>>;
      found.push({ partition, key: String(key), id: String(headers?.['decision-id']), body });
      if (Number(offset) + 1 >= (goals.get(partition) ?? 0)) goals.delete(partition);
      return Promise.resolve();
    },
  });
  for (const [partition, high] of goals) if (high === 0) goals.delete(partition);
  while (goals.size > 0) await delay(50);
  await consumer.disconnect();
  return found;
}
