import { afterEach, beforeEach, expect, test } from 'vitest';
import { toJsonText, type RecordContent, type RecordHeader } from '../../schemas/index.ts';
import { openFakeRegistry, type FakeRegistry } from './fake-registry.ts';
import { createRecordDecoder, type RecordDecoder } from './record-decoder.ts';

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await openFakeRegistry();
});
afterEach(() => registry.close());

const decoder = (otherwise: 'fail' | 'json' | 'text' = 'fail', more = {}, secrets = {}): RecordDecoder =>
  createRecordDecoder({ kind: 'registry', registry: { url: registry.url, ...more }, otherwise, field: 'text' }, secrets);
const framed = (id: number, ...payload: readonly number[]): Uint8Array => Uint8Array.of(0, 0, 0, 0, id, ...payload);
const decode = async (
  bytes: Uint8Array | null,
  by: RecordDecoder = decoder(),
  headers: readonly RecordHeader[] = [],
): Promise<RecordContent> => by.decode({ bytes, headers });
/** The JSON text of the fields, or the reason. */
const told = async (...given: Parameters<typeof decode>): Promise<string> => {
  const content = await decode(...given);
  return content.ok ? toJsonText(content.fields) : content.reason;
};
const avro = (id: number, fields: readonly unknown[], more = {}): void =>
  void registry.entries.set(id, { schema: JSON.stringify({ type: 'record', name: 'R', namespace: 'n', fields, ...more }) });
const varint = (n: bigint): readonly number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (n << 1n) ^ (n >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
};
const text = (given: string): readonly number[] => [given.length * 2, ...Buffer.from(given)];
const double = (n: number): readonly number[] => [...new Uint8Array(new Float64Array([n]).buffer)];

test.each([
  ['long', 1n, '1'],
  ['long', -9007199254740991n, '-9007199254740991'],
  ['long', 9007199254740993n, '9007199254740993'],
  ['long', -9223372036854775808n, '-9223372036854775808'],
  ['int', -5n, '-5'],
  [{ type: 'long', logicalType: 'timestamp-millis' }, 1_700_000_000_123n, '"2023-11-14T22:13:20.123Z"'],
  [{ type: 'long', logicalType: 'timestamp-micros' }, 1_700_000_000_123_456n, '"2023-11-14T22:13:20.123456Z"'],
  [{ type: 'long', logicalType: 'timestamp-nanos' }, 1_700_000_000_123_456_789n, '"2023-11-14T22:13:20.123456789Z"'],
  [{ type: 'long', logicalType: 'local-timestamp-millis' }, -1n, '"1969-12-31T23:59:59.999"'],
  [{ type: 'long', logicalType: 'time-micros' }, 30_600_000_001n, '"08:30:00.000001"'],
  [{ type: 'int', logicalType: 'date' }, 19_675n, '"2023-11-14"'],
  [{ type: 'int', logicalType: 'time-millis' }, 30_600_125n, '"08:30:00.125"'],
  [{ type: 'long', logicalType: 'of our own' }, 7n, '7'],
])('Avro %j of %s is %s', async (type, n, json) => {
  avro(1, [{ name: 'v', type }]);
  expect(await told(framed(1, ...varint(n)))).toBe(`{"v":${json}}`);
});

test.each([
  ['double', double(2), '2.0'],
  ['double', double(0.5), '0.5'],
  ['double', double(-0), '-0.0'],
  ['float', [0, 0, 0x40, 0x40], '3.0'],
  ['boolean', [1], 'true'],
  ['null', [], 'null'],
  ['string', [4, 0xc3, 0xa9], '"é"'],
  ['bytes', [6, 0xff, 0, 1], '"/wAB"'],
  [{ type: 'fixed', name: 'F', size: 2 }, [0xab, 0xcd], '"q80="'],
  [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, [2], '"B"'],
  [{ type: 'array', items: 'long' }, [4, 2, 4, 0], '[1,2]'],
  [{ type: 'map', values: 'double' }, [2, ...text('a'), ...double(1), 0], '{"a":1.0}'],
  [['null', 'string'], [0], 'null'],
  [['null', 'string'], [2, ...text('x')], '"x"'],
  [['int', 'long', 'double', 'string'], [4, ...double(4)], '4.0'],
  [
    [
      { type: 'record', name: 'A', fields: [{ name: 'x', type: 'int' }] },
      { type: 'record', name: 'B', fields: [{ name: 'x', type: 'int' }] },
    ],
    [2, 6],
    '{"x":3}',
  ],
  [['null', { type: 'long', logicalType: 'timestamp-millis' }], [2, ...varint(0n)], '"1970-01-01T00:00:00.000Z"'],
  [['null', 'long'], [2, ...varint(9007199254740993n)], '9007199254740993'],
  [{ type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }, [4, 0xfb, 0x1e], '"-12.50"'],
  [{ type: 'bytes', logicalType: 'decimal', precision: 9, scale: 3 }, [2, 5], '"0.005"'],
  [{ type: 'bytes', logicalType: 'decimal', precision: 20 }, [18, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], '9223372036854775808'],
  [{ type: 'fixed', name: 'D', size: 2, logicalType: 'decimal', precision: 4, scale: 1 }, [0, 15], '"1.5"'],
])('Avro %j of %j is %s', async (type, bytes, json) => {
  avro(1, [{ name: 'v', type }]);
  expect(await told(framed(1, ...bytes))).toBe(`{"v":${json}}`);
});

test('an Avro record that holds itself, and one that another schema defines', async () => {
  avro(1, [{ name: 'next', type: ['null', 'R'], default: null }]);
  expect(await told(framed(1, 2, 2, 0))).toBe('{"next":{"next":{"next":null}}}');
  registry.entries.set('inner/1', { schema: '{"type":"record","name":"Inner","namespace":"n","fields":[{"name":"n","type":"long"}]}' });
  registry.entries.set(2, {
    schema: '{"type":"record","name":"Outer","namespace":"n","fields":[{"name":"inner","type":"n.Inner"},{"name":"m","type":"long"}]}',
    references: [{ name: 'n.Inner', subject: 'inner', version: 1 }],
  });
  expect(await told(framed(2, ...varint(9007199254740993n), 2))).toBe('{"inner":{"n":9007199254740993},"m":1}');
});

test('an old and a new version of a schema are read side by side, each fetched once', async () => {
  avro(1, [{ name: 'a', type: 'int' }]);
  avro(2, [
    { name: 'a', type: 'int' },
    { name: 'b', type: 'string', default: '' },
  ]);
  const by = decoder();
  const all = [framed(1, 2), framed(2, 2, ...text('x')), framed(1, 4), framed(2, 4, 0)];
  expect(await Promise.all(all.map((bytes) => told(bytes, by)))).toEqual(['{"a":1}', '{"a":1,"b":"x"}', '{"a":2}', '{"a":2,"b":""}']);
  expect(registry.asked).toEqual(['/schemas/ids/1', '/schemas/ids/2']);
  expect(by.decode({ bytes: framed(1, 2), headers: [] })).not.toBeInstanceOf(Promise);
});

test.each([
  ['cut off', [2], /^it does not fit its schema \(id 1\): truncated buffer/],
  ['too long', [...text('x'), 0, 9], /^it does not fit its schema \(id 1\): trailing data/],
  ['of a branch that is not there', [...text('x'), 14], /^it does not fit its schema \(id 1\): invalid union index/],
])('Avro bytes %s are a dead letter', async (_what, bytes, reason) => {
  avro(1, [
    { name: 'a', type: 'string' },
    { name: 'b', type: ['null', 'int'] },
  ]);
  expect(await told(framed(1, ...bytes))).toMatch(reason);
});

test('an Avro string is a record of one field; a number is none', async () => {
  registry.entries.set(1, { schema: '"string"' });
  registry.entries.set(2, { schema: '"long"' });
  expect(await told(framed(1, ...text('hello')))).toBe('{"text":"hello"}');
  expect(await told(framed(2, 2))).toBe('a record was expected; its schema is of abstract:long');
});

const PROTO = `syntax = "proto3"; package test;
import "google/protobuf/timestamp.proto";
enum Kind { NONE = 0; SPAM = 1; }
message Report {
  int64 big = 1; string long_text = 2; repeated int32 xs = 3; map<string, int64> counts = 4; optional int32 maybe = 5; Kind kind = 6;
  google.protobuf.Timestamp at = 7; bytes raw = 8; double score = 9; Report child = 10; bool flag = 11; uint64 huge = 12; sint64 small = 13;
  message Inner { string s = 1; }
}
message Other { string only = 1; }`;

test('Protobuf: exact integers, names as in JSON, defaults where presence is not kept', async () => {
  registry.entries.set(1, { schema: PROTO, schemaType: 'PROTOBUF' });
  const empty = '"big":0,"longText":"","xs":[],"counts":{},"kind":"NONE","raw":"","score":0.0,"flag":false,"huge":0,"small":0';
  expect(await told(framed(1, 0))).toBe(`{${empty}}`);
  const bytes = [
    ...[0x08, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], // big = 2^53 + 1
    ...[0x12, 1, 0x78], // longText = "x"
    ...[0x1a, 2, 1, 2], // xs = [1, 2]
    ...[0x22, 5, 0x0a, 1, 0x61, 0x10, 5], // counts = {a: 5}
    ...[0x28, 0], // maybe = 0
    ...[0x30, 1], // kind = SPAM
    ...[0x3a, 4, 0x08, 1, 0x10, 5], // at = 1 s and 5 ns
    ...[0x42, 2, 0xff, 0], // raw
    ...[0x49, ...double(2)], // score = 2
    ...[0x52, 2, 0x08, 1], // child.big = 1
    ...[0x58, 1], // flag
    ...[0x60, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], // huge = 2^64 - 1
    ...[0x68, 1], // small = -1
  ];
  const fields =
    '"big":9007199254740993,"longText":"x","xs":[1,2],"counts":{"a":5},"maybe":0,"kind":"SPAM","at":"1970-01-01T00:00:01.000000005Z","raw":"/wA=",' +
    `"score":2.0,"child":{"big":1,${empty.slice(8)}},"flag":true,"huge":18446744073709551615,"small":-1`;
  expect(await told(framed(1, 0, ...bytes))).toBe(`{${fields}}`);
});

test('Protobuf: the path of indexes names the message, and bytes without one are the first', async () => {
  registry.entries.set(1, { schema: PROTO, schemaType: 'PROTOBUF' });
  const by = decoder();
  expect(await told(framed(1, 2, 2, 0x0a, 1, 0x79), by)).toBe('{"only":"y"}');
  expect(await told(framed(1, 4, 0, 0, 0x0a, 1, 0x7a), by)).toBe('{"s":"z"}');
  expect(await told(framed(1, 2, 8), by)).toBe('the message that it names is not in its Protobuf schema');
  expect(await told(framed(1, 0x08, 5), by)).toContain('{"big":5,');
});

test('JSON Schema: numbers as they are written, and what does not fit is a dead letter that says where', async () => {
  const schema = {
    $schema: 'http://json-schema.org/draft-04/schema#',
    type: 'object',
    properties: { n: { type: 'number', format: 'odd' } },
    javaType: 'x',
  };
  registry.entries.set(1, { schema: JSON.stringify(schema), schemaType: 'JSON' });
  const by = decoder();
  expect(await told(framed(1, ...Buffer.from('{"n":2.0,"m":9007199254740993}')), by)).toBe('{"n":2.0,"m":9007199254740993}');
  expect(await told(framed(1, ...Buffer.from('{"n":"x"}')), by)).toBe('it does not fit its JSON Schema: /n must be number');
  expect(await told(framed(1, ...Buffer.from('{"n":')), by)).toMatch(/^it is not valid JSON/);
});

test.each([
  [{ schema: '{"type":"nonsense"}' }, /^its schema \(id 1\) cannot be used: /],
  [{ schema: 'syntax = "proto3"; message {', schemaType: 'PROTOBUF' }, /^its schema \(id 1\) cannot be used: /],
  [{ schema: '{}', schemaType: 'XML' }, /^its schema \(id 1\) cannot be used: /],
])('a schema that cannot be used (%j) makes its records dead letters', async (entry, reason) => {
  registry.entries.set(1, entry);
  const by = decoder();
  expect(await told(framed(1, 2), by)).toMatch(reason);
  await told(framed(1, 2), by);
  expect(registry.asked).toHaveLength(1);
});

test('a schema id that the registry does not know is a dead letter, asked for once in a while only', async () => {
  const by = decoder();
  expect(await told(framed(9, 2), by)).toBe('its schema (id 9) is not in the schema registry');
  await told(framed(9, 2), by);
  expect(registry.asked).toEqual(['/schemas/ids/9']);
});

test('a registry that is away is no dead letter: the promise rejects, and the next one works', async () => {
  avro(1, [{ name: 'a', type: 'int' }]);
  const by = decoder();
  registry.status = 503;
  await expect(decode(framed(1, 2), by)).rejects.toMatchObject({
    code: 'busy',
    message: `the schema registry at ${registry.url} does not answer: as told`,
  });
  registry.status = undefined;
  expect(await told(framed(1, 2), by)).toBe('{"a":1}');
  registry.status = 503;
  expect(await told(framed(1, 4), by)).toBe('{"a":2}');
});

test('a registry with a user: the password is sent, and a wrong one does not pass', async () => {
  avro(1, [{ name: 'a', type: 'int' }]);
  registry.authorization = `Basic ${Buffer.from('ann:se:cret').toString('base64')}`;
  expect(await told(framed(1, 2), decoder('fail', { username: 'ann', passwordEnv: 'P' }, { password: 'se:cret' }))).toBe('{"a":1}');
  const wrong = decode(framed(1, 2), decoder('fail', { username: 'ann', passwordEnv: 'P' }, { password: 'wrong' }));
  await expect(wrong).rejects.toMatchObject({
    code: 'usage',
    message: `the schema registry at ${registry.url} refused user "ann" (status 401)`,
  });
});

test('what the registry has no part in is told, or read otherwise', async () => {
  const json = Buffer.from('{"a":1}');
  expect(await told(json)).toBe(
    'it was not written with a schema registry: its first byte is 0x7b and not 0 (format.otherwise may say how to read it)',
  );
  expect(await told(json, decoder('json'))).toBe('{"a":1}');
  expect(await told(json, decoder('text'))).toBe('{"text":"{\\"a\\":1}"}');
  expect(await told(Uint8Array.of(0, 0, 1))).toBe('it ends within its schema id: it has 3 of at least 5 bytes');
  expect(await told(Uint8Array.of(1, ...Buffer.alloc(20)), decoder('json'))).toMatch(
    /^it names its schema by a GUID \(wire format 1\), which is not supported/,
  );
  const header = { name: '__value_schema_id', value: Uint8Array.of(1, 2) };
  expect(await told(json, decoder('json'), [header])).toMatch(/^its schema id is in the header __value_schema_id, which is not supported/);
  expect(await told(null)).toBe('it has no value (a tombstone, which deletes its key)');
  expect(await told(new Uint8Array(0), decoder('text'))).toBe('its value is empty');
  expect(registry.asked).toEqual([]);
});

test('plain JSON and text', async () => {
  const json = createRecordDecoder({ kind: 'json' });
  expect(await decode(Buffer.from('\uFEFF{"b":1.0,"a":[]}'), json)).toMatchObject({ ok: true, text: '{"b":1.0,"a":[]}' });
  expect(await told(Buffer.from('[1]'), json)).toBe('a JSON object was expected');
  expect(await told(Uint8Array.of(0x22, 0xff, 0x22), json)).toBe('it is not valid UTF-8');
  expect(await told(Buffer.from('{"a":\n1,}'), json)).toBe('it is not valid JSON: a key in double quotes was expected (line 2, column 3)');
  const plain = createRecordDecoder({ kind: 'text', field: 'message' });
  expect(await decode(Buffer.from('héllo'), plain)).toEqual({ ok: true, fields: new Map([['message', 'héllo']]) });
  expect(await told(Uint8Array.of(0xff), plain)).toBe('it is not valid UTF-8');
});
