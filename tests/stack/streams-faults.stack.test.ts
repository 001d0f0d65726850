import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { DecisionMade } from '../../schemas/index.ts';
import { startOwnKafka, startOwnMysql, type OwnServer } from './own-servers.ts';
import { isMalformed, openStreamRig, subjectOf, type StreamRig } from './stream-rig.ts';

/** `npm run soak` runs it with 100,000 records. */
const RECORDS = Number(process.env['RISKFLOW_SOAK_RECORDS'] ?? 4_000);
const LIMIT_MS = 120_000 + RECORDS * 6;

const temporal = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'] ?? '';
const registry = process.env['RISKFLOW_TEST_REGISTRY_URL'] ?? '';
const missing = temporal === '' || registry === '';
const reason = missing ? ' (left out: RISKFLOW_TEST_TEMPORAL_ADDRESS or RISKFLOW_TEST_REGISTRY_URL is not set)' : '';

describe.skipIf(missing)(`a stream whose consumers, broker and database die in the middle${reason}`, () => {
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
  });

  it(
    `decides each of ${RECORDS} records exactly once, tells them in order, and keeps what it cannot read`,
    { timeout: LIMIT_MS },
    async () => {
      const own = async (start: () => Promise<OwnServer>): Promise<OwnServer> => {
        const server = await start();
        closing.push(() => server.close());
        return server;
      };
      const [mysql, kafka] = [await own(startOwnMysql), await own(startOwnKafka)];
      const rig = await openStreamRig({ mysql: mysql.address, kafka: kafka.address, temporal, registry });
      closing.push(() => rig.close());
      const good = Array.from({ length: RECORDS }, (_, i) => i).filter((i) => !isMalformed(i));
      const bad = RECORDS - good.length;

      await succeeds(rig, ['source', 'create', '--config', rig.settingsFile({})]);
      await succeeds(rig, ['source', 'start', rig.sourceId, '--detach']);
      await rig.process('worker');
      const [first] = [await rig.process('start'), await rig.process('start')];
      const producing = rig.produce(0, RECORDS);

      await decided(rig, 0.15 * good.length);
      first.child.kill('SIGKILL');
      await first.finished;
      await rig.process('start');
      await decided(rig, 0.35 * good.length);
      await kafka.kill();
      await kafka.restart();
      await decided(rig, 0.55 * good.length);
      await mysql.kill();
      await mysql.restart();
      await decided(rig, 0.75 * good.length);
      // One more member of the group, and one less: the partitions are dealt out twice.
      const third = await rig.process('start');
      await delay(1_000);
      third.child.kill('SIGTERM');
      await third.finished;
      await producing;
      await decided(rig, good.length);

      const made = await decisionsIn(rig);
      expect(made.length).toBe(good.length);
      expect(new Set(made.map(({ recordKey }) => recordKey))).toEqual(new Set(good.map((i) => `r-${i}`)));
      expect(made.filter(({ status, stage }) => status !== 'succeeded' || stage !== 'live')).toEqual([]);
      const counts = await rig.context.storage.inbox.counts('default', rig.sourceId);
      expect(counts).toMatchObject({ pending: 0, decided: good.length, failed: 0, superseded: 0, deadLetters: bad });

      const letters = await rig.context.storage.inbox.deadLetters('default', { limit: RECORDS });
      expect(letters.length).toBe(bad);
      expect(letters.every(({ stage, reason: why }) => stage === 'decode' && why.includes('schema registry'))).toBe(true);

      const sent = await sentAll(rig, good.length);
      checkSent(sent, made);

      // What could not be read can be, once the source says how.
      await succeeds(rig, ['source', 'configure', rig.sourceId, '--config', rig.settingsFile({ otherwise: 'json' })]);
      await succeeds(rig, ['deadletter', 'replay', rig.sourceId]);
      await decided(rig, RECORDS);
      expect(new Set((await decisionsIn(rig)).map(({ recordKey }) => recordKey)).size).toBe(RECORDS);
      expect(await rig.context.storage.inbox.counts('default', rig.sourceId)).toMatchObject({
        pending: 0,
        decided: RECORDS,
        deadLetters: 0,
      });
    },
  );
});

async function succeeds(rig: StreamRig, args: readonly string[]): Promise<void> {
  const { code, stderr } = await rig.cli(args);
  expect(code, stderr).toBe(0);
}

/** Waits until so many records have their decision. */
async function decided(rig: StreamRig, count: number): Promise<void> {
  for (;;) {
    // While the database is away nobody knows.
    const counts = await rig.context.storage.inbox.counts('default', rig.sourceId).catch(() => undefined);
    if ((counts?.decided ?? 0) >= count) return;
    await delay(100);
  }
}

/** Every decision in the ledger, in its order. */
async function decisionsIn({ context }: StreamRig): Promise<readonly DecisionMade['data'][]> {
  const made: DecisionMade['data'][] = [];
  let after = 0;
  for (;;) {
    const events = await context.storage.events.readLog('default', 'ledger', { after, limit: 1000 });
    made.push(...events.filter(({ type }) => type === 'DecisionMade').map(({ data }) => data as DecisionMade['data']));
    const last = events.at(-1);
    if (last === undefined) return made;
    after = last.position.n;
  }
}

/** What is on the topic once every decision is. */
async function sentAll(rig: StreamRig, count: number): Promise<Awaited<ReturnType<StreamRig['consumed']>>> {
  for (;;) {
    const sent = await rig.consumed();
    if (new Set(sent.map(({ id }) => id)).size >= count) return sent;
    await delay(500);
  }
}

/** Each decision is on the topic; repeats are the same; those of a subject come in the order of its records. */
function checkSent(sent: Awaited<ReturnType<StreamRig['consumed']>>, made: readonly DecisionMade['data'][]): void {
  expect(new Set(sent.map(({ id }) => id))).toEqual(new Set(made.map(({ decisionId }) => decisionId)));
  const bodies = new Map<string, string>();
  const bySubject = new Map<string, string[]>();
  for (const { id, key, body } of sent) {
    const text = JSON.stringify(body);
    expect(bodies.get(id) ?? text).toBe(text);
    if (!bodies.has(id)) bySubject.set(key, [...(bySubject.get(key) ?? []), String(body['recordKey'])]);
    bodies.set(id, text);
  }
  for (const [subject, keys] of bySubject) {
    const order = keys.map((key) => Number(key.slice(2)));
    expect(order.every((i) => subjectOf(i) === subject)).toBe(true);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  }
}
