import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { expect, test } from 'vitest';
import { openRegistryProxy } from './registry-proxy.ts';
import { fromStack, openRig, until, type KafkaRig } from './stack-rig.ts';

const VERSION_1 = { type: 'record', name: 'Report', namespace: 'test', fields: [{ name: 'n', type: 'long' }] };
const VERSION_2 = { ...VERSION_1, fields: [...VERSION_1.fields, { name: 'reason', type: ['null', 'string'], default: null }] };

const registryUrl = (): string => fromStack('RISKFLOW_TEST_REGISTRY_URL');
const writer = (): SchemaRegistry => new SchemaRegistry({ host: registryUrl() });
const register = async (schema: string, { type, subject }: { readonly type: SchemaType; readonly subject: string }): Promise<number> =>
  (await writer().register({ type, schema } as { readonly type: SchemaType.JSON; readonly schema: string }, { subject })).id;
const avro = (rig: KafkaRig, schema: object): Promise<number> =>
  register(JSON.stringify(schema), { type: SchemaType.AVRO, subject: `${rig.topic}-value` });
const format = (url: string, more = {}): Readonly<Record<string, unknown>> => ({
  format: { kind: 'registry', registry: { url }, ...more },
});
const contents = (rig: KafkaRig): readonly unknown[] =>
  rig.inbox.records.map(({ record: { content } }) => (content.ok ? Object.fromEntries(content.fields) : content.reason));

test('records of an old and a new schema, of JSON Schema and of Protobuf lie in one topic', async () => {
  await using rig = await openRig();
  const [first, second] = [await avro(rig, VERSION_1), await avro(rig, VERSION_2)];
  const jsonSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
  const third = await register(JSON.stringify(jsonSchema), { type: SchemaType.JSON, subject: `${rig.topic}-json` });
  const proto = 'syntax = "proto3"; package test; message Report { int64 n = 1; string long_reason = 2; }';
  const fourth = await register(proto, { type: SchemaType.PROTOBUF, subject: `${rig.topic}-proto` });
  const registry = writer();
  const values = [
    await registry.encode(first, { n: 1 }),
    await registry.encode(second, { n: 2, reason: 'spam' }),
    await registry.encode(first, { n: 3 }),
    await registry.encode(third, { n: 4 }),
    Buffer.concat([await registry.encode(fourth, { n: 5, longReason: 'abuse' })]),
    Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 2]),
    Buffer.from('{"n":7}'),
  ];
  // The library writes no path of message indexes: a 0, which names the first message, stands before what others write.
  const withPath = values.map((value, i) => (i === 4 ? Buffer.concat([value.subarray(0, 5), Buffer.from([0]), value.subarray(5)]) : value));
  await rig.produce(withPath.map((value) => ({ value })));
  rig.read('a', { settings: rig.settings(format(registryUrl(), { otherwise: 'json' })) });
  await until(
    () => rig.inbox.records.length >= 7,
    () => `${rig.inbox.records.length} records`,
  );
  expect(contents(rig)).toEqual([
    { n: 1 },
    { n: 2, reason: 'spam' },
    { n: 3 },
    { n: 4 },
    { n: 5, longReason: 'abuse' },
    'its schema (id 2147483647) is not in the schema registry',
    { n: 7 },
  ]);
});

test.each(['closed', 'cut', 503] as const)('a registry that is away (%s) is waited for; nothing becomes a dead letter', async (how) => {
  await using rig = await openRig();
  const proxy = await openRegistryProxy(registryUrl());
  const value = await writer().encode(await avro(rig, VERSION_1), { n: 1 });
  if (how === 'closed') await proxy.close();
  else proxy.behave(how);
  await rig.produce([{ value }, { value }]);
  const reading = rig.read('a', { settings: rig.settings(format(proxy.url)) });
  const traces = (): readonly (string | null)[] =>
    rig.inbox.reports.filter(({ task }) => task === `${rig.topic}/0`).map(({ trace }) => trace);
  await until(
    () => traces().some((trace) => trace?.startsWith(`the schema registry at ${proxy.url} does not answer: `) === true),
    () => JSON.stringify(rig.inbox.reports),
  );
  expect(rig.inbox.records).toEqual([]);
  if (how === 'closed') await proxy.open();
  else proxy.behave('pass');
  await until(
    () => rig.inbox.records.length >= 2,
    () => JSON.stringify(rig.inbox.reports),
  );
  expect(contents(rig)).toEqual([{ n: 1 }, { n: 1 }]);
  expect(traces().at(-1)).toBeNull();
  await reading.stop();
  await proxy.close();
});

test('a registry that refuses us ends the reading, and says what to change', async () => {
  await using rig = await openRig();
  const proxy = await openRegistryProxy(registryUrl());
  proxy.behave(401);
  await rig.produce([{ value: Buffer.from([0, 0, 0, 0, 1, 2]) }]);
  const { done } = rig.read('a', { settings: rig.settings(format(proxy.url)) });
  await expect(done).rejects.toMatchObject({
    code: 'usage',
    message: `the schema registry at ${proxy.url} asks for a user and a password (status 401)`,
    hint: expect.stringContaining('passwordEnv'),
  });
  expect(rig.inbox.records).toEqual([]);
  await proxy.close();
});
