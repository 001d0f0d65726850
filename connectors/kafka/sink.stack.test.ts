import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { expect, test } from 'vitest';
import { sinkSettings, type KafkaSinkSettings, type OutgoingMessage } from '../../schemas/index.ts';
import { createKafkaSink, type KafkaSinkDeps } from './kafka-sink.ts';
import { brokersOf, fromStack, openRig, until, type KafkaRig } from './stack-rig.ts';

const DECISION = {
  type: 'record',
  name: 'Decision',
  namespace: 'test',
  fields: [
    { name: 'action', type: 'string' },
    { name: 'score', type: ['null', 'double'], default: null },
  ],
};

const signal = new AbortController().signal;
const deps: KafkaSinkDeps = { secrets: {}, onLog: () => undefined };
const settings = (rig: KafkaRig, more = {}): KafkaSinkSettings => {
  const parsed = sinkSettings.parse({ kind: 'kafka', brokers: brokersOf(), topic: rig.topic, ...more });
  if (parsed.kind !== 'kafka') throw new Error('not a Kafka sink');
  return parsed;
};
const message = (n: number, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id: `d-${n}`,
  type: 'decision',
  key: `subject-${n % 7}`,
  at: 1_700_000_000_000 + n,
  body: { action: 'block', score: n },
  ...more,
});
const headersOf = (rig: KafkaRig, index: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (rig.inbox.records[index]?.record.meta?.headers ?? []).map(({ name, value }) => [name, Buffer.from(value).toString()]),
  );

test('messages arrive in the order of their subject, with their ids, and a second sending has the same ids', async () => {
  await using rig = await openRig({ partitions: 3 });
  const sink = createKafkaSink(settings(rig), deps);
  const messages = Array.from({ length: 2_500 }, (_, n) => message(n));
  expect(await sink.send(messages, signal)).toEqual([]);
  expect(await sink.send([message(2_499), message(2_500, { type: 'alert', key: null })], signal)).toEqual([]);
  await sink.close();
  rig.read('a');
  await until(
    () => rig.inbox.records.length >= 2_502,
    () => JSON.stringify([rig.inbox.records.length, rig.inbox.reports, rig.logs.slice(-9)]),
  );
  const bySubject = Map.groupBy(rig.inbox.records, ({ record }) => Buffer.from(record.meta?.key ?? []).toString());
  expect(bySubject.size).toBe(8);
  for (const [subject, records] of bySubject) {
    const scores = records.map(({ record: { content } }) => (content.ok ? Number(content.fields.get('score')) : NaN));
    expect(scores, subject).toEqual(scores.toSorted((a, b) => a - b));
  }
  expect(headersOf(rig, 0)['decision-id']).toMatch(/^d-\d+$/);
  expect(headersOf(rig, 0)['type']).toBe('decision');
  const ids = rig.inbox.records.map((_, i) => headersOf(rig, i)['decision-id']);
  expect(ids.filter((id) => id === 'd-2499')).toHaveLength(2);
  const alert = rig.inbox.records.findIndex(({ record }) => record.meta?.key === null);
  expect(headersOf(rig, alert)).toEqual({ 'alert-id': 'd-2500', type: 'alert' });
});

test('one message that is too large for the broker is refused, and those around it arrive', async () => {
  await using rig = await openRig();
  const sink = createKafkaSink(settings(rig), deps);
  const huge = message(1, { body: { text: 'x'.repeat(1_200_000) } });
  expect(await sink.send([message(0), huge, message(2)], signal)).toEqual([
    { id: 'd-1', reason: expect.stringContaining('the broker does not take it') },
  ]);
  await sink.close();
  rig.read('a');
  await until(
    () => rig.inbox.records.length >= 2,
    () => JSON.stringify([rig.inbox.records.length, rig.inbox.reports, rig.logs.slice(-9)]),
  );
  expect([0, 1].map((i) => headersOf(rig, i)['decision-id'])).toEqual(['d-0', 'd-2']);
});

test('Avro: the schema is registered under the topic, what does not fit it is refused', async () => {
  await using rig = await openRig();
  const url = fromStack('RISKFLOW_TEST_REGISTRY_URL');
  const avro = settings(rig, { format: { kind: 'avro', registry: { url } } });
  const sink = createKafkaSink(avro, { ...deps, schemas: { decision: DECISION } });
  const sent = [
    message(1),
    message(2, { body: { action: 'allow', score: null } }),
    message(3, { body: { action: 7 } }),
    message(4, { type: 'alert' }),
  ];
  expect(await sink.send(sent, signal)).toEqual([
    { id: 'd-3', reason: expect.stringMatching(/^it does not fit its Avro schema: .*\(at action\)$/) },
    { id: 'd-4', reason: 'there is no Avro schema of a message of type alert' },
  ]);
  await sink.close();
  expect(await new SchemaRegistry({ host: url }).getLatestSchemaId(`${rig.topic}-value`)).toBeGreaterThan(0);
  rig.read('a', { settings: rig.settings({ format: { kind: 'registry', registry: { url } } }) });
  await until(
    () => rig.inbox.records.length >= 2,
    () => JSON.stringify([rig.inbox.records.length, rig.inbox.reports, rig.logs.slice(-9)]),
  );
  expect(rig.inbox.records.map(({ record: { content } }) => (content.ok ? [...content.fields] : content.reason))).toEqual([
    [
      ['action', 'block'],
      ['score', { float: 1 }],
    ],
    [
      ['action', 'allow'],
      ['score', null],
    ],
  ]);
});

test('a broker that is not there: the messages are for another time, and aborting does not wait for it', async () => {
  await using rig = await openRig();
  const sink = createKafkaSink({ ...settings(rig), brokers: ['127.0.0.1:1'] }, deps);
  await expect(sink.send([message(1)], signal)).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining(`the topic ${rig.topic} of Kafka at 127.0.0.1:1`),
  });
  const stop = new AbortController();
  const sending = sink.send([message(1)], stop.signal);
  stop.abort(new Error('the relay ends'));
  await expect(sending).rejects.toThrow('the relay ends');
  await sink.close();
});
