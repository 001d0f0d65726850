import { beforeAll, describe, expect, it } from 'vitest';
import type { SourceTask } from '../../schemas/core.ts';
import type { Fence, ProjectionStatus, Storage } from '../../schemas/core.ts';
import type { Backend, Place } from './backend.ts';
import { append, blobOf, currentFixtures, succeeded, unit } from './fixtures.ts';
import { bareLetter, bareOffset, bareRecord } from './inbox-fixtures.ts';
import { trendChange } from './trends.contract.ts';
import { useStorage } from './use-storage.contract.ts';

const OWNER = { owner: 'o-1', host: 'h', boot: 'b', pid: 1 };
const LATER = { now: 2000, ttlMs: 1_000_000, isDead: () => false };
const ORIGIN = { sourceId: 'reports', incarnation: 1, topic: 't', partition: 0, offset: 3 };
const BLOB = blobOf('a secret of workspace mine', 'samples/x');
const RUN = { runId: 'r1', flow: 'triage', flowVersion: 'v', mode: 'live', status: 'running', resource: 'run/r1' } as const;
const RELAY = { relay: 'hooks/4', part: 0, log: 'ledger' } as const;
const PRESENCE = 'process/worker/o-1';
const h = (letter: string): string => letter.repeat(64);

const TASK: SourceTask = { sourceId: 'reports', task: 'intake', state: 'running', trace: null, by: OWNER, at: 5 };

/** Fills a workspace with something for every function to find. */
async function fill(storage: Storage, ws: string): Promise<Fence> {
  for (const { stream, type, data } of currentFixtures()) {
    const log = stream.startsWith('run/') ? 'runs-0' : 'ledger';
    await storage.events.write(unit(ws, { appends: [{ log, stream, expected: { any: true }, events: [{ type, data }] }] }));
  }
  const claims = [{ scope: 'flow', key: 'k', value: 'mine' }];
  await storage.events.write(unit(ws, { claims, blobs: [BLOB], runStatus: [RUN] }));
  await storage.effects.put(ws, { runId: 'r1', effectId: 'e', result: succeeded('mine'), reuse: { scope: 's', contentKey: 'c' } });
  await storage.inbox.accept(ws, {
    records: [bareRecord('rec', ORIGIN, { body: '"mine"' })],
    deadLetters: [bareLetter({ ...ORIGIN, offset: 9 })],
    offset: bareOffset({ sourceId: 'reports', incarnation: 1, topic: 't', partition: 0, nextOffset: 10 }),
  });
  const { sourceId, record } = { sourceId: 'over', record: bareRecord('rec-over', { ...ORIGIN, sourceId: 'over' }) };
  const read = bareOffset({ sourceId, incarnation: 1, topic: 't', partition: 0, nextOffset: 10 });
  await storage.inbox.accept(ws, { records: [record], deadLetters: [], offset: read });
  await storage.events.write(unit(ws, { inboxDone: [{ sourceId, recordId: 'rec-over', outcome: 'decided' }] }));
  const lease = await storage.leases.take(ws, 'run/r1', OWNER, LATER);
  if (lease.status !== 'taken') throw new Error('not free');
  await storage.relays.advance(ws, { ...RELAY, n: 5, fence: lease.fence });
  await storage.tasks.report(ws, TASK);
  await storage.presence.announce(ws, 'worker', OWNER, LATER);
  await storage.trends.apply(ws, trendChange());
  await storage.projections.catchUp(ws);
  return lease.fence;
}

/** Everything of a workspace that can be read. */
async function snapshot(storage: Storage, ws: string): Promise<unknown> {
  return {
    ledger: await storage.events.readLog(ws, 'ledger'),
    runs: await storage.events.readLog(ws, 'runs-0'),
    claim: await storage.events.readClaim(ws, 'flow', 'k'),
    status: await storage.events.runStatus(ws, 'r1'),
    lease: await storage.leases.read(ws, 'run/r1'),
    presence: await storage.leases.read(ws, PRESENCE),
    effect: await storage.effects.find(ws, 'r1', 'e'),
    blob: await storage.blobs.read(ws, BLOB.sha256),
    pending: await storage.inbox.pending(ws, 'reports', { after: 0, limit: 10 }),
    over: [await storage.inbox.range(ws, 'over', { after: 0, limit: 10 }), await storage.inbox.trimmed(ws, 'over')],
    letters: await storage.inbox.deadLetters(ws, { limit: 10 }),
    offset: await storage.inbox.offset(ws, 'reports', 't', 0),
    tasks: await storage.tasks.list(ws, 'reports'),
    pushed: await storage.inbox.offsets(ws, 'pushed'),
    relays: await storage.relays.cursors(ws, 'hooks/'),
    panes: await storage.trends.panes(ws, 'reports', { from: -Infinity, to: Infinity }),
    trends: await storage.trends.progress(ws, 'reports'),
    projections: await storage.projections.status(ws),
  };
}

type Foreign = { readonly storage: Storage; readonly ws: string; readonly fence: Fence };

/** For each function: called with another workspace and ids of the first, it must see nothing. */
const ATTEMPTS: Readonly<Record<string, (foreign: Foreign) => Promise<void>>> = {
  'events.write': async ({ storage, ws, fence }) => {
    expect(await storage.events.write(unit(ws, { fence, appends: [append('flow/triage', [1])] }))).toMatchObject({ status: 'stale-fence' });
    const written = await storage.events.write(
      unit(ws, {
        appends: [append('flow/triage', ['theirs'], { version: 0 })],
        claims: [{ scope: 'flow', key: 'k', value: 'theirs' }],
        runStatus: [{ ...RUN, status: 'failed' }],
        inboxDone: [{ sourceId: 'reports', recordId: 'rec', outcome: 'decided' }],
      }),
    );
    expect(written).toEqual({ status: 'written', positions: [{ log: 'ledger', n: 1 }] });
  },
  'events.readStream': async ({ storage, ws }) => expect((await storage.events.readStream(ws, 'samples/sms')).length).toBe(0),
  'events.readLog': async ({ storage, ws }) => {
    expect((await storage.events.readLog(ws, 'ledger')).map(({ data }) => data)).toEqual(['theirs']);
    expect(await storage.events.readLog(ws, 'runs-0')).toEqual([]);
  },
  'events.readTypes': async ({ storage, ws }) => {
    const range = { after: 0, upTo: 1_000, types: ['FlowVersionPublished', 'DecisionMade', 'EvaluationStarted'] };
    expect(await storage.events.readTypes(ws, 'ledger', range)).toEqual([]);
  },
  'events.lastOf': async ({ storage, ws }) => expect(await storage.events.lastOf(ws, 'samples/sms')).toBeUndefined(),
  'events.head': async ({ storage, ws }) => expect(await storage.events.head(ws, 'runs-0')).toBe(0),
  'events.readClaim': async ({ storage, ws }) => expect(await storage.events.readClaim(ws, 'flow', 'k')).toBe('theirs'),
  'events.runStatus': async ({ storage, ws }) => expect((await storage.events.runStatus(ws, 'r1'))?.status).toBe('failed'),
  'events.unfinishedRuns': async ({ storage, ws }) => expect(await storage.events.unfinishedRuns(ws)).toEqual([]),
  'leases.renew': async ({ storage, ws, fence }) => expect(await storage.leases.renew(ws, fence, { now: 3000, ttlMs: 5 })).toBe(false),
  'leases.release': async ({ storage, ws, fence }) => storage.leases.release(ws, fence),
  'leases.read': async ({ storage, ws }) => expect(await storage.leases.read(ws, 'run/r1')).toBeUndefined(),
  'leases.take': async ({ storage, ws }) =>
    expect(await storage.leases.take(ws, 'run/r1', { ...OWNER, owner: 'o-2' }, LATER)).toMatchObject({
      status: 'taken',
      fence: { fence: 1 },
    }),
  // So late that what was announced before counts as forgotten.
  'presence.announce': async ({ storage, ws }) => storage.presence.announce(ws, 'worker', OWNER, { now: 10 * LATER.ttlMs, ttlMs: 1 }),
  'presence.withdraw': async ({ storage, ws }) => storage.presence.withdraw(ws, 'worker', OWNER),
  'effects.find': async ({ storage, ws }) => expect(await storage.effects.find(ws, 'r1', 'e')).toBeUndefined(),
  'effects.findReusable': async ({ storage, ws }) => expect(await storage.effects.findReusable(ws, 's', 'c')).toBeUndefined(),
  'effects.put': async ({ storage, ws }) =>
    expect(await storage.effects.put(ws, { runId: 'r1', effectId: 'e', result: succeeded('theirs') })).toEqual(succeeded('theirs')),
  'blobs.read': async ({ storage, ws }) => expect(await storage.blobs.read(ws, BLOB.sha256)).toBeUndefined(),
  'blobs.readMany': async ({ storage, ws }) => expect((await storage.blobs.readMany(ws, [BLOB.sha256])).size).toBe(0),
  'blobs.referrers': async ({ storage, ws }) => expect(await storage.blobs.referrers(ws, 'samples/', { limit: 10 })).toEqual([]),
  'blobs.forget': async ({ storage, ws }) =>
    expect(await storage.blobs.forget(ws, BLOB.referrer, { storedBefore: Number.MAX_SAFE_INTEGER })).toBe(0),
  'inbox.pending': async ({ storage, ws }) => expect(await storage.inbox.pending(ws, 'reports', { after: 0, limit: 10 })).toEqual([]),
  'inbox.counts': async ({ storage, ws }) =>
    expect(await storage.inbox.counts(ws, 'reports')).toEqual({
      pending: 0,
      decided: 0,
      failed: 0,
      superseded: 0,
      trimmed: 0,
      deadLetters: 0,
      skipped: 0,
    }),
  'inbox.offset': async ({ storage, ws }) => expect(await storage.inbox.offset(ws, 'reports', 't', 0)).toBeUndefined(),
  'inbox.trim': async ({ storage, ws }) => expect(await storage.inbox.trim(ws, 'over', { receivedBefore: 9e15, upTo: 9e15 })).toBe(0),
  'inbox.trimmed': async ({ storage, ws }) =>
    expect(await storage.inbox.trimmed(ws, 'over')).toEqual({ records: 0, upTo: 0, lastTime: null }),
  'tasks.report': async ({ storage, ws }) => storage.tasks.report(ws, { ...TASK, sourceId: 'other', trace: 'theirs' }),
  'tasks.list': async ({ storage, ws }) => expect(await storage.tasks.list(ws, 'reports')).toEqual([]),
  'tasks.forgetOlder': async ({ storage, ws }) => storage.tasks.forgetOlder(ws, 'reports', Number.MAX_SAFE_INTEGER),
  'tasks.forget': async ({ storage, ws }) => storage.tasks.forget(ws, 'reports', OWNER),
  'inbox.offsets': async ({ storage, ws }) => expect(await storage.inbox.offsets(ws, 'reports')).toEqual([]),
  'inbox.pendingCount': async ({ storage, ws }) => expect(await storage.inbox.pendingCount(ws, 'reports', 10)).toBe(0),
  'inbox.range': async ({ storage, ws }) => expect(await storage.inbox.range(ws, 'reports', { after: 0, limit: 10 })).toEqual([]),
  'inbox.record': async ({ storage, ws }) => expect(await storage.inbox.record(ws, 'reports', 'rec')).toBeUndefined(),
  'inbox.lastArrival': async ({ storage, ws }) => expect(await storage.inbox.lastArrival(ws, 'reports')).toBe(0),
  'inbox.deadLetter': async ({ storage, ws }) => expect(await storage.inbox.deadLetter(ws, 1)).toBeUndefined(),
  'inbox.replay': async ({ storage, ws }) =>
    expect(await storage.inbox.replay(ws, { id: 1, record: bareRecord('rec', ORIGIN) })).toBe(false),
  'inbox.moveOffset': async ({ storage, ws }) =>
    storage.inbox.moveOffset(ws, { sourceId: 'reports', incarnation: 5, topic: 't', partition: 0, nextOffset: 77, position: null }),
  'inbox.push': async ({ storage, ws }) => {
    const partition = { sourceId: 'pushed', incarnation: 1, topic: 't', partition: 0 };
    const pushed = await storage.inbox.push(ws, { records: [bareRecord('rec', ORIGIN)], deadLetters: [], partition, skipped: 0 });
    expect(pushed).toEqual([{ recordId: 'rec', isNew: true }]);
  },
  'inbox.deadLetters': async ({ storage, ws }) => expect(await storage.inbox.deadLetters(ws, { limit: 10 })).toEqual([]),
  'inbox.accept': async ({ storage, ws, fence }) => {
    const batch = {
      records: [bareRecord('rec', ORIGIN, { body: '"theirs"' })],
      deadLetters: [],
      offset: bareOffset({ sourceId: 'reports', incarnation: 5, topic: 't', partition: 0, nextOffset: 77 }),
    };
    expect(await storage.inbox.accept(ws, { ...batch, fence })).toEqual({ status: 'stale-fence' });
    expect(await storage.inbox.accept(ws, batch)).toEqual({ status: 'accepted', records: 1, deadLetters: 0 });
  },
  'relays.cursor': async ({ storage, ws }) => expect(await storage.relays.cursor(ws, RELAY)).toBeUndefined(),
  'relays.cursors': async ({ storage, ws }) => expect(await storage.relays.cursors(ws, 'hooks/')).toEqual([]),
  'relays.advance': async ({ storage, ws, fence }) => expect(await storage.relays.advance(ws, { ...RELAY, n: 99, fence })).toBe(false),
  'projections.catchUp': async ({ storage, ws }) => storage.projections.catchUp(ws),
  'projections.rebuild': async ({ storage, ws }) => expectEmpty(await storage.projections.rebuild(ws)),
  'projections.status': async ({ storage, ws }) => expectEmpty(await storage.projections.status(ws)),
  'read.flows': async ({ storage, ws }) => expect(await storage.read.flows(ws)).toEqual([]),
  'read.flowVersions': async ({ storage, ws }) => expect(await storage.read.flowVersions(ws, 'triage')).toEqual([]),
  'read.flowVersion': async ({ storage, ws }) => expect(await storage.read.flowVersion(ws, h('a'))).toBeUndefined(),
  'read.sampleSetVersions': async ({ storage, ws }) => expect(await storage.read.sampleSetVersions(ws, { set: 'sms' })).toEqual([]),
  'read.models': async ({ storage, ws }) => expect(await storage.read.models(ws)).toEqual([]),
  'read.sources': async ({ storage, ws }) => expect(await storage.read.sources(ws)).toEqual([]),
  'read.decisions': async ({ storage, ws }) => expect(await storage.read.decisions(ws, { limit: 10 })).toEqual([]),
  'read.decision': async ({ storage, ws }) => expect(await storage.read.decision(ws, { decisionId: 'd-2' })).toBeUndefined(),
  'read.decisionsAbout': async ({ storage, ws }) =>
    expect(await storage.read.decisionsAbout(ws, { sourceId: 'stream', mode: 'live', recordIds: ['rec-2'] })).toEqual([]),
  'read.dailySpend': async ({ storage, ws }) =>
    expect(await storage.read.dailySpend(ws, { sourceId: 'reports', day: '2025-10-09', purpose: 'stream' })).toEqual({
      decisions: 0,
      cost: 0,
      tokens: 0,
    }),
  'read.comparedDecisions': async ({ storage, ws }) =>
    expect(await storage.read.comparedDecisions(ws, { sourceId: 'reports', mode: 'shadow', limit: 5 })).toEqual([]),
  'read.comparedLabels': async ({ storage, ws }) =>
    expect(await storage.read.comparedLabels(ws, { sourceId: 'reports', mode: 'shadow' })).toEqual([]),
  'read.deadDeliveries': async ({ storage, ws }) => expect(await storage.read.deadDeliveries(ws, { sink: 'hooks', limit: 5 })).toEqual([]),
  'read.deadDeliveryCount': async ({ storage, ws }) => expect(await storage.read.deadDeliveryCount(ws, 'hooks')).toBe(0),
  'trends.apply': async ({ storage, ws, fence }) => {
    expect(await storage.trends.apply(ws, trendChange({ fence }))).toMatchObject({ status: 'stale-fence' });
    expect(await storage.trends.apply(ws, trendChange({ panes: [] }))).toMatchObject({ status: 'applied' });
  },
  'trends.replace': async ({ storage, ws }) =>
    expect(await storage.trends.replace(ws, trendChange({ from: 10, panes: [] }))).toMatchObject({ status: 'applied' }),
  'trends.panes': async ({ storage, ws }) =>
    expect(await storage.trends.panes(ws, 'reports', { from: -Infinity, to: Infinity })).toEqual([]),
  'trends.progress': async ({ storage }) => expect(await storage.trends.progress('fourth', 'reports')).toBeUndefined(),
  'read.alerts': async ({ storage, ws }) => expect(await storage.read.alerts(ws, { limit: 10 })).toEqual([]),
  'read.alert': async ({ storage, ws }) => expect(await storage.read.alert(ws, 'a'.repeat(32))).toBeUndefined(),
  'read.evaluations': async ({ storage, ws }) => expect(await storage.read.evaluations(ws)).toEqual([]),
  'read.evaluation': async ({ storage, ws }) => expect(await storage.read.evaluation(ws, 'e1')).toBeUndefined(),
  'read.results': async ({ storage, ws }) => expect(await storage.read.results(ws, 'e1', { limit: 10 })).toEqual([]),
  'read.schedules': async ({ storage, ws }) => expect(await storage.read.schedules(ws)).toEqual([]),
  'read.scheduleOccurrences': async ({ storage, ws }) =>
    expect(await storage.read.scheduleOccurrences(ws, { schedule: 'nightly', limit: 10 })).toEqual([]),
  'read.runs': async ({ storage, ws }) => expect(await storage.read.runs(ws, { limit: 10 })).toEqual([]),
};

/** Functions that concern the database as a whole. */
const WITHOUT_WORKSPACE: readonly string[] = ['settings', 'unfit', 'close'];

const expectEmpty = (status: readonly ProjectionStatus[]): void => expect(status.map(({ rows }) => rows)).toEqual(status.map(() => 0));

/** The names of all functions of a storage, as `events.write`. */
const functionsOf = (storage: Storage): readonly string[] =>
  Object.entries(storage).flatMap(([port, value]) =>
    typeof value === 'function' ? [port] : Object.keys(value).map((name) => `${port}.${name}`),
  );

export function workspacesContract(backend: Backend): void {
  describe('workspaces', () => {
    let place: Place;
    let storage: Storage;
    let fence: Fence;
    let before: unknown;
    useStorage(backend, (own) => ({ place, storage } = own), { now: () => 1_760_000_000_000 });
    beforeAll(async () => {
      fence = await fill(storage, 'mine');
      before = await snapshot(storage, 'mine');
    });

    it('have an attempt for every function of the storage', () => {
      expect(functionsOf(storage).toSorted()).toEqual([...Object.keys(ATTEMPTS), ...WITHOUT_WORKSPACE].toSorted());
    });

    it.each(Object.keys(ATTEMPTS))('are closed to each other: %s', async (name) => {
      await ATTEMPTS[name]?.({ storage, ws: 'theirs', fence });
      expect(await snapshot(storage, 'mine')).toEqual(before);
    });

    it('do not mix where both have the same ids', async () => {
      for (const { stream, type, data } of currentFixtures().filter(
        ({ type }) => type === 'EvaluationStarted' || type === 'FlowVersionPublished',
      )) {
        await storage.events.write(
          unit('third', { appends: [{ log: 'ledger', stream, expected: { any: true }, events: [{ type, data }] }] }),
        );
      }
      await storage.projections.catchUp('third');
      expect(await storage.read.evaluation('third', 'e1')).toMatchObject({ status: 'running', results: 0, position: 3 });
      expect((await storage.read.flows('third')).length).toBe(1);
      await storage.projections.rebuild('third');
      expect((await storage.read.flowVersion('third', h('a')))?.n).toBe(1);
      expect(await snapshot(storage, 'mine')).toEqual(before);
      expect(await storage.read.evaluation('mine', 'e1')).toMatchObject({ status: 'judged', results: 2, position: 9 });
    });

    it('are the first part of every key of every table, but of those of the storage itself', async () => {
      const ofStorage: Readonly<Record<string, string>> = { migrations: 'name', schema_state: 'id', commits: 'writer' };
      for (const [table, keys] of await keysOf(place)) {
        for (const columns of keys) expect(`${table}: ${columns[0]}`).toBe(`${table}: ${ofStorage[table] ?? 'workspace_id'}`);
      }
    });
  });
}

/** Columns of every key and index, by table. */
async function keysOf(place: Place): Promise<ReadonlyMap<string, readonly (readonly string[])[]>> {
  const rows =
    'file' in place.address
      ? await place.query(
          `select t.name as tab, i.name as idx, c.name as col from sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
           where t.type = 'table' order by tab, idx, c.seqno`,
        )
      : await place.query(
          `select table_name as tab, index_name as idx, column_name as col from information_schema.statistics
           where table_schema = database() order by tab, idx, seq_in_index`,
        );
  const keys = new Map<string, Map<string, string[]>>();
  for (const { tab, idx, col } of rows) {
    const indexes = keys.get(String(tab)) ?? new Map<string, string[]>();
    indexes.set(String(idx), [...(indexes.get(String(idx)) ?? []), String(col)]);
    keys.set(String(tab), indexes);
  }
  expect(keys.size).toBeGreaterThan(20);
  return new Map(Array.from(keys, ([table, indexes]) => [table, Array.from(indexes.values())]));
}
