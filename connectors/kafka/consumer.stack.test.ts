import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CompressionTypes } from 'kafkajs';
import { expect, test } from 'vitest';
import type { ConnectorHost, ReadingPlace, SourceChunk } from '../../schemas/index.ts';
import { groupOf } from './kafka-settings.ts';
import type { MemoryInbox } from './memory-inbox.ts';
import type { ToChild, ToParent } from './reader-process.ts';
import { holdsTogether, numbered, numbersOf, openRig, until } from './stack-rig.ts';

const sorted = (numbers: readonly number[]): readonly number[] => numbers.toSorted((a, b) => a - b);
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const readersOf = (inbox: MemoryInbox): ReadonlySet<string> => new Set(inbox.records.map(({ reader }) => reader));

test('two consumers read all partitions, each record once and in its order, and write the group’s offsets', async () => {
  await using rig = await openRig({ partitions: 4 });
  const [a, b] = [rig.read('a'), rig.read('b')];
  const ready = (): boolean =>
    ['a', 'b'].every((reader) => rig.inbox.reports.some((one) => one.reader === reader && one.task.includes('/')));
  await until(ready, () => JSON.stringify(rig.inbox.reports));
  await rig.produce(numbered(4_000, { partitions: 4 }));
  await until(
    () => rig.inbox.records.length >= 4_000,
    () => `${rig.inbox.records.length} records`,
  );
  await Promise.all([a.stop(), b.stop()]);
  holdsTogether(rig.inbox);
  expect(sorted(numbersOf(rig.inbox))).toEqual(upTo(4_000));
  expect(readersOf(rig.inbox)).toEqual(new Set(['a', 'b']));
  const [group] = await rig.admin.fetchOffsets({ groupId: groupOf(rig.settings(), rig.topic), topics: [rig.topic] });
  expect(group?.partitions.map(({ offset }) => Number(offset))).toEqual([1_000, 1_000, 1_000, 1_000]);
  expect(await a.connector.ends(AbortSignal.timeout(5_000))).toContainEqual({ topic: rig.topic, partition: 3, low: 0, end: 1_000 });
  expect(rig.logs.filter(({ level }) => level === 'error')).toEqual([]);
  expect(rig.inbox.reports.at(-1)).toMatchObject({ task: 'consumer', state: 'stopped' });
});

test('a record comes with its key, headers and time; what has no value is a dead letter that says so', async () => {
  await using rig = await openRig();
  rig.read('a');
  await rig.produce([
    { key: 'k', value: '{"n":1,"f":2.0,"big":9007199254740993}', headers: { trace: 'x', many: ['1', '2'] }, timestamp: '1700000000000' },
    { key: 'gone', value: null },
    { key: 'empty', value: '' },
    { key: 'broken', value: '{"n":' },
  ]);
  await until(
    () => rig.inbox.records.length === 4,
    () => `${rig.inbox.records.length} records`,
  );
  const [first, ...rest] = rig.inbox.records.map(({ record }) => record);
  expect(first?.content).toEqual({
    ok: true,
    text: '{"n":1,"f":2.0,"big":9007199254740993}',
    fields: new Map<string, unknown>([
      ['n', 1],
      ['f', { float: 2 }],
      ['big', 9007199254740993n],
    ]),
  });
  expect(first?.meta).toMatchObject({ timestamp: 1_700_000_000_000 });
  expect(first?.meta?.headers.map(({ name, value }) => [name, Buffer.from(value).toString()])).toEqual([
    ['trace', 'x'],
    ['many', '1'],
    ['many', '2'],
  ]);
  expect(Buffer.from(first?.meta?.key ?? []).toString()).toBe('k');
  expect(rest.map(({ content }) => (content.ok ? 'read' : content.reason))).toEqual([
    'it has no value (a tombstone, which deletes its key)',
    'its value is empty',
    expect.stringMatching(/^it is not valid JSON: /),
  ]);
});

test('the place that the host has stored wins over the offset of the group', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(10));
  const first = rig.read('a');
  await until(
    () => rig.inbox.records.length >= 10,
    () => `${rig.inbox.records.length} records`,
  );
  await first.stop();
  rig.inbox.setPlace({ topic: rig.topic, partition: 0 }, { incarnation: 1, offset: 4, position: null });
  rig.read('b');
  await until(
    () => rig.inbox.records.length >= 16,
    () => `${rig.inbox.records.length} records`,
  );
  expect(numbersOf(rig.inbox).slice(10)).toEqual([4, 5, 6, 7, 8, 9]);
});

test('a source that begins at the end stores that at once, and leaves nothing out after it', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(5));
  const settings = rig.settings({ from: 'latest' });
  const first = rig.read('a', { settings });
  await until(
    () => rig.inbox.place({ topic: rig.topic, partition: 0 }) !== undefined,
    () => 'no place',
  );
  await first.stop();
  await rig.produce(numbered(5, { from: 5 }));
  rig.read('b', { settings });
  await until(
    () => rig.inbox.records.length >= 5,
    () => `${rig.inbox.records.length} records`,
  );
  expect(numbersOf(rig.inbox)).toEqual([5, 6, 7, 8, 9]);
});

test('records between marks of transactions come without those, and what was aborted never', async () => {
  await using rig = await openRig();
  const producer = rig.kafka.producer({ transactionalId: rig.topic, maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  for (const from of [0, 2, 4]) {
    const transaction = await producer.transaction();
    await transaction.send({ topic: rig.topic, messages: numbered(2, { from }) });
    await (from === 2 ? transaction.abort() : transaction.commit());
  }
  await producer.disconnect();
  const reading = rig.read('a');
  await until(
    () => rig.inbox.records.length >= 4,
    () => `${rig.inbox.records.length} records`,
  );
  await rig.produce(numbered(1, { from: 6 }));
  await until(
    () => rig.inbox.records.length >= 5,
    () => `${rig.inbox.records.length} records`,
  );
  await reading.stop();
  expect(numbersOf(rig.inbox)).toEqual([0, 1, 4, 5, 6]);
  expect(rig.inbox.place({ topic: rig.topic, partition: 0 })).toMatchObject({ offset: 10 });
});

test('marks behind the last record are passed over by the host, too, and then there is nothing to read', async () => {
  await using rig = await openRig();
  const place = { topic: rig.topic, partition: 0 };
  const producer = rig.kafka.producer({ transactionalId: rig.topic, maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  rig.read('a');
  for (const [count, end] of [
    [2, 'commit'],
    [3, 'abort'],
  ] as const) {
    const transaction = await producer.transaction();
    await transaction.send({ topic: rig.topic, messages: numbered(count) });
    await (end === 'abort' ? transaction.abort() : transaction.commit());
    await until(
      () => rig.inbox.place(place)?.offset === (end === 'abort' ? 7 : 3),
      () => JSON.stringify(rig.inbox.place(place)),
    );
  }
  await producer.disconnect();
  const before = rig.inbox.idles();
  await until(
    () => rig.inbox.idles() > before,
    () => 'it says nothing',
  );
  expect(numbersOf(rig.inbox)).toEqual([0, 1]);
  expect(rig.inbox.moved()).toBe(0);
});

test('a reader that waits for a member that died is not at rest, and says what it waits for', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(10));
  const killed = await readInProcess(rig.inbox, { kind: 'start', settings: rig.settings(), name: rig.topic });
  await until(
    () => rig.inbox.records.length >= 10,
    () => `${rig.inbox.records.length} records`,
  );
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  rig.read('follower');
  const waits = (): boolean =>
    rig.inbox.reports.some(({ trace }) => trace?.startsWith('it waits for a place in the consumer group') === true);
  await until(waits, () => JSON.stringify(rig.inbox.reports));
  expect(rig.inbox.idles()).toBe(0);
  await until(
    () => rig.inbox.idles() > 0,
    () => JSON.stringify(rig.inbox.reports),
  );
  expect(rig.inbox.reports.findLast(({ task }) => task === 'consumer')).toMatchObject({ state: 'running', trace: null });
});

test('a source that begins at the end leaves nothing of a partition out that is added later', async () => {
  await using rig = await openRig();
  const settings = rig.settings({ from: 'latest' });
  await rig.produce(numbered(3));
  const first = rig.read('a', { settings });
  await until(
    () => rig.inbox.place({ topic: rig.topic, partition: 0 }) !== undefined,
    () => 'no place',
  );
  await first.stop();
  await rig.admin.createPartitions({ topicPartitions: [{ topic: rig.topic, count: 2 }] });
  const knows = async (): Promise<number> => (await rig.admin.fetchTopicOffsets(rig.topic)).length;
  await expect.poll(knows, { timeout: 10_000 }).toBe(2);
  const producer = rig.kafka.producer();
  await producer.connect();
  await producer.send({ topic: rig.topic, messages: [10, 11].map((n) => ({ partition: 1, value: JSON.stringify({ n }) })) });
  await producer.disconnect();
  rig.read('b', { settings });
  await until(
    () => rig.inbox.records.length >= 2,
    () => JSON.stringify(rig.inbox.reports),
  );
  expect(numbersOf(rig.inbox)).toEqual([10, 11]);
});

test('a topic that is made again while it is read is read from its beginning, as another incarnation', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(10));
  rig.read('a');
  await until(
    () => rig.inbox.records.length >= 10,
    () => `${rig.inbox.records.length} records`,
  );
  await rig.admin.deleteTopics({ topics: [rig.topic] });
  await expect
    .poll(() => rig.admin.createTopics({ topics: [{ topic: rig.topic, numPartitions: 1 }] }).catch(() => false), { timeout: 10_000 })
    .toBe(true);
  await rig.produce(numbered(3, { from: 100 }));
  await until(
    () => rig.inbox.records.length >= 13,
    () => JSON.stringify([rig.inbox.reports, rig.logs.slice(-5)]),
  );
  expect(numbersOf(rig.inbox).slice(10)).toEqual([100, 101, 102]);
  expect(rig.inbox.records.slice(10).map(({ incarnation }) => incarnation)).toEqual([2, 2, 2]);
  expect(rig.inbox.notices).toEqual([`${rig.topic}/0 is another log`]);
  expect(rig.logs.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
});

test('partitions rest while there is no room, without leaving the group, and go on after it', async () => {
  await using rig = await openRig({ partitions: 2 });
  let limit = 1_000;
  // More than one fetch holds of a partition, so that some of it is still to come when the room is used up.
  const filling = 'x'.repeat(1_000);
  const big = numbered(3_000, { partitions: 2 }).map((message, n) => ({ ...message, value: JSON.stringify({ n, filling }) }));
  rig.read('a', { hasRoom: () => rig.inbox.records.length < limit });
  await rig.produce(big.slice(0, 1_500));
  await rig.produce(big.slice(1_500));
  const state = (task: string): string | undefined => rig.inbox.reports.findLast((one) => one.task === task)?.state;
  const tasks = [0, 1].map((partition) => `${rig.topic}/${partition}`);
  await until(
    () => tasks.every((task) => state(task) === 'paused'),
    () => JSON.stringify(rig.inbox.reports),
  );
  const held = rig.inbox.records.length;
  // Longer than the session lasts without heartbeats.
  await delay(7_000);
  expect(rig.inbox.records.length).toBe(held);
  expect(held).toBeLessThan(3_000);
  const group = await rig.admin.describeGroups([groupOf(rig.settings(), rig.topic)]);
  expect(group.groups[0]).toMatchObject({ state: 'Stable', members: [expect.anything()] });
  limit = Infinity;
  await until(
    () => rig.inbox.records.length >= 3_000,
    () => `${rig.inbox.records.length} records`,
  );
  holdsTogether(rig.inbox);
  expect(sorted(numbersOf(rig.inbox))).toEqual(upTo(3_000));
  expect(tasks.map(state)).toEqual(['running', 'running']);
  expect(rig.inbox.moved()).toBe(0);
});

test('members that come and go in the middle of the reading neither lose nor repeat anything', async () => {
  await using rig = await openRig({ partitions: 6 });
  const slow = { slow: 15 };
  rig.read('a', slow);
  const feeding = (async () => {
    for (let from = 0; from < 12_000; from += 600) {
      await rig.produce(numbered(600, { from, partitions: 6 }));
      await delay(100);
    }
  })();
  await until(
    () => rig.inbox.records.length > 600,
    () => `${rig.inbox.records.length} records`,
  );
  const b = rig.read('b', slow);
  await until(
    () => readersOf(rig.inbox).has('b'),
    () => 'b reads nothing',
  );
  const c = rig.read('c', slow);
  await until(
    () => readersOf(rig.inbox).has('c'),
    () => 'c reads nothing',
  );
  await b.stop();
  await feeding;
  await until(
    () => rig.inbox.records.length >= 12_000,
    () => `${rig.inbox.records.length} records`,
  );
  await c.stop();
  holdsTogether(rig.inbox);
  expect(sorted(numbersOf(rig.inbox))).toEqual(upTo(12_000));
});

test('a reader that is killed is followed by another one, from what was stored', async () => {
  await using rig = await openRig({ partitions: 2 });
  await rig.produce(numbered(6_000, { partitions: 2 }));
  const killed = await readInProcess(rig.inbox, { kind: 'start', settings: rig.settings(), name: rig.topic });
  await until(
    () => rig.inbox.records.length >= 1_000,
    () => `${rig.inbox.records.length} records`,
  );
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const before = rig.inbox.records.length;
  rig.read('follower');
  await rig.produce(numbered(100, { from: 6_000, partitions: 2 }));
  await until(
    () => rig.inbox.records.length >= 6_100,
    () => `${rig.inbox.records.length} records`,
  );
  expect(before).toBeLessThan(6_000);
  holdsTogether(rig.inbox);
  expect(sorted(numbersOf(rig.inbox))).toEqual(upTo(6_100));
});

async function readInProcess(inbox: MemoryInbox, start: ToChild): Promise<ReturnType<typeof fork>> {
  const child = fork(join(import.meta.dirname, 'reader-process.ts'), { serialization: 'advanced' });
  child.on('message', ({ call, name, given }: ToParent) => {
    const [first, second] = given;
    const answer =
      name === 'begin'
        ? inbox.begin(...(given as Parameters<ConnectorHost['begin']>))
        : delay(30).then(() => inbox.deliver('killed', first as SourceChunk, second as ReadingPlace));
    void answer.then((value) => {
      const message: ToChild = { kind: 'answer', call, value };
      if (child.connected) child.send(message);
    });
  });
  await once(child, 'spawn');
  child.send(start);
  return child;
}

test('a place that was moved by somebody else is followed', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(10));
  rig.read('a');
  await until(
    () => rig.inbox.records.length >= 10,
    () => `${rig.inbox.records.length} records`,
  );
  rig.inbox.setPlace({ topic: rig.topic, partition: 0 }, { incarnation: 1, offset: 3, position: null });
  await rig.produce(numbered(1, { from: 10 }));
  await until(
    () => rig.inbox.records.length >= 18,
    () => `${rig.inbox.records.length} records`,
  );
  expect(numbersOf(rig.inbox).slice(10)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
  expect(rig.inbox.moved()).toBe(1);
});

test('a topic that was made again is read from its beginning, as another incarnation', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(10));
  const first = rig.read('a');
  await until(
    () => rig.inbox.records.length >= 10,
    () => `${rig.inbox.records.length} records`,
  );
  await first.stop();
  await rig.admin.deleteTopics({ topics: [rig.topic] });
  await expect
    .poll(() => rig.admin.createTopics({ topics: [{ topic: rig.topic, numPartitions: 1 }] }).catch(() => false), { timeout: 10_000 })
    .toBe(true);
  await rig.produce(numbered(3, { from: 100 }));
  rig.read('b');
  await until(
    () => rig.inbox.records.length >= 13,
    () => `${rig.inbox.records.length} records`,
  );
  expect(numbersOf(rig.inbox).slice(10)).toEqual([100, 101, 102]);
  expect(rig.inbox.records.slice(10).map(({ incarnation }) => incarnation)).toEqual([2, 2, 2]);
});

test('records that retention has removed are announced, and reading goes on behind them', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(10));
  rig.inbox.setPlace({ topic: rig.topic, partition: 0 }, { incarnation: 1, offset: 2, position: null });
  // Else kafkajs does not know who leads the partition.
  await rig.admin.fetchTopicOffsets(rig.topic);
  await rig.admin.deleteTopicRecords({ topic: rig.topic, partitions: [{ partition: 0, offset: '6' }] });
  rig.read('a');
  await until(
    () => rig.inbox.records.length >= 4,
    () => `${rig.inbox.records.length} records`,
  );
  expect(numbersOf(rig.inbox)).toEqual([6, 7, 8, 9]);
  expect(rig.inbox.notices).toEqual([`${rig.topic}/0: the records from offset 2 to 5 are gone, the log begins at 6 (retention)`]);
});

test('records that retention removes while the reading rests are passed over, and nothing behind them is', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(10));
  let room = false;
  const reading = rig.read('a', { hasRoom: () => room });
  const held = (): boolean => rig.inbox.reports.some(({ state }) => state === 'paused');
  await until(held, () => JSON.stringify(rig.inbox.reports));
  await rig.admin.fetchTopicOffsets(rig.topic);
  await rig.admin.deleteTopicRecords({ topic: rig.topic, partitions: [{ partition: 0, offset: '6' }] });
  room = true;
  await until(
    () => rig.inbox.records.length >= 4,
    () => JSON.stringify([rig.inbox.reports, rig.logs.slice(-5)]),
  );
  await reading.stop();
  expect(numbersOf(rig.inbox)).toEqual([6, 7, 8, 9]);
});

test('compressed records are read', async () => {
  await using rig = await openRig();
  const producer = rig.kafka.producer();
  await producer.connect();
  // Makes the codecs known to the producer, too.
  const reading = rig.read('a');
  for (const [i, compression] of [CompressionTypes.GZIP, CompressionTypes.ZSTD].entries()) {
    await producer.send({ topic: rig.topic, compression, messages: numbered(100, { from: i * 100 }) });
  }
  await producer.disconnect();
  await until(
    () => rig.inbox.records.length >= 200,
    () => JSON.stringify([rig.inbox.reports, rig.logs.slice(-5)]),
  );
  await reading.stop();
  expect(numbersOf(rig.inbox)).toEqual(upTo(200));
});

test('a topic that is not there yet is waited for', async () => {
  await using rig = await openRig();
  await using later = await openRig();
  await later.admin.deleteTopics({ topics: [later.topic] });
  rig.read('a', { settings: rig.settings({ topics: [later.topic] }) });
  const waits = (): boolean =>
    rig.inbox.reports.some(({ task, state, trace }) => task === 'consumer' && state === 'failed' && /has no topic/.test(trace ?? ''));
  await until(waits, () => JSON.stringify([rig.inbox.reports, rig.logs.slice(-5)]));
  await later.admin.createTopics({ topics: [{ topic: later.topic, numPartitions: 1 }] });
  await later.produce(numbered(3));
  await until(
    () => rig.inbox.records.length >= 3,
    () => JSON.stringify(rig.inbox.reports),
  );
  expect(numbersOf(rig.inbox)).toEqual([0, 1, 2]);
});

test('a failure of the host that does not pass ends the reading with it', async () => {
  await using rig = await openRig();
  await rig.produce(numbered(1));
  const broken = new Error('the disk is full');
  const host = { ...rig.inbox.host('a', { signal: new AbortController().signal }), deliver: () => Promise.reject(broken) };
  const { connector } = rig.read('idle', { signal: AbortSignal.abort() });
  await connector.close();
  const again = rig.read('idle', { signal: AbortSignal.abort() }).connector;
  await expect(again.run(host)).rejects.toBe(broken);
  expect(rig.inbox.records).toEqual([]);
});
