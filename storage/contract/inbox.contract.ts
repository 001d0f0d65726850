import { describe, expect, it } from 'vitest';
import type { DeadLetter, InboxRecord, RecordOrigin, SourceOffset, SourceTask, Storage } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { append, freshWorkspace, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const origin = (offset: number, more: Partial<RecordOrigin> = {}): RecordOrigin => ({
  sourceId: 'reports',
  incarnation: 1,
  topic: 'reports.ndjson',
  partition: 0,
  offset,
  ...more,
});
const record = (recordId: string, at: RecordOrigin, key: string | null = null): InboxRecord => ({
  recordId,
  origin: at,
  key,
  subject: 'acct-1',
  category: null,
  reporter: 'someone',
  eventTime: 1_759_999_999_000,
  meta: null,
  lane: 3,
  body: JSON.stringify({ recordId, text: '你好 😀' }),
  receivedAt: 1_760_000_000_000,
});
const letter = (at: RecordOrigin): DeadLetter => ({
  origin: at,
  bytes: Uint8Array.of(0, 255, 10),
  key: Uint8Array.of(254),
  headers: [{ name: 'trace', value: Uint8Array.of(1, 255) }],
  timestamp: 1_759_999_999_000,
  stage: 'decode',
  reason: 'not JSON',
  receivedAt: 5,
  recordId: 'named-by-its-sender',
});
const offset = (nextOffset: number, more: Partial<SourceOffset> = {}): SourceOffset => ({
  sourceId: 'reports',
  incarnation: 1,
  topic: 'reports.ndjson',
  partition: 0,
  nextOffset,
  position: null,
  skipped: 0,
  ...more,
});

export function inboxContract(backend: Backend): void {
  describe('inbox', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    it('keeps records, dead letters and the offset together, in order of arrival', async () => {
      const ws = freshWorkspace();
      const records = [record('r-1', origin(0), 'k'), record('r-2', origin(50))];
      const accepted = await storage.inbox.accept(ws, { records, deadLetters: [letter(origin(90))], offset: offset(120) });
      expect(accepted).toEqual({ status: 'accepted', records: 2, deadLetters: 1 });
      expect(await storage.inbox.pending(ws, 'reports', { after: 0, limit: 10 })).toEqual([
        { ...records[0], arrival: 1 },
        { ...records[1], arrival: 2 },
      ]);
      expect(await storage.inbox.deadLetters(ws, { limit: 10 })).toEqual([{ ...letter(origin(90)), id: 1, replayedAs: null }]);
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 0)).toEqual(offset(120));
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 1)).toBeUndefined();
      expect(await storage.inbox.counts(ws, 'reports')).toEqual({
        pending: 2,
        decided: 0,
        failed: 0,
        superseded: 0,
        trimmed: 0,
        deadLetters: 1,
        skipped: 0,
      });
      expect(await storage.inbox.counts(ws, 'none')).toEqual({
        pending: 0,
        decided: 0,
        failed: 0,
        superseded: 0,
        trimmed: 0,
        deadLetters: 0,
        skipped: 0,
      });
    });

    it('leaves records and letters alone that it knows by id or place', async () => {
      const ws = freshWorkspace();
      await storage.inbox.accept(ws, { records: [record('r-1', origin(0))], deadLetters: [letter(origin(7))], offset: offset(10) });
      const again = await storage.inbox.accept(ws, {
        records: [
          { ...record('r-1', origin(0)), body: '"changed"' },
          record('r-1', origin(3)),
          record('r-x', origin(0)),
          record('r-1', origin(0, { incarnation: 2 })),
          record('r-2', origin(0, { incarnation: 2 })),
          record('r-2', origin(20)),
          record('r-3', origin(0, { topic: 'other' })),
          record('r-1', origin(0, { sourceId: 'second' })),
        ],
        deadLetters: [letter(origin(7)), letter(origin(8)), letter(origin(8))],
        offset: offset(30, { incarnation: 2 }),
      });
      expect(again).toEqual({ status: 'accepted', records: 3, deadLetters: 1 });
      const pending = await storage.inbox.pending(ws, 'reports', { after: 0, limit: 10 });
      expect(pending.map(({ recordId, arrival, body }) => [recordId, arrival, body.includes('changed')])).toEqual([
        ['r-1', 1, false],
        ['r-2', 2, false],
        ['r-3', 3, false],
      ]);
      expect((await storage.inbox.pending(ws, 'second', { after: 0, limit: 10 })).map(({ arrival }) => arrival)).toEqual([1]);
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 0)).toEqual(offset(30, { incarnation: 2 }));
    });

    it('is read in pages, and notes outcomes in the transaction of the decision', async () => {
      const ws = freshWorkspace();
      const records = Array.from({ length: 200 }, (_, i) => record(`r-${i}`, origin(i)));
      await storage.inbox.accept(ws, { records, deadLetters: [], offset: offset(200) });
      const namesake = record('r-0', origin(0, { sourceId: 'second' }));
      await storage.inbox.accept(ws, { records: [namesake], deadLetters: [], offset: offset(1, { sourceId: 'second' }) });
      const done = (n: number, outcome: 'decided' | 'failed' | 'superseded') => ({ sourceId: 'reports', recordId: `r-${n}`, outcome });
      const many = Array.from({ length: 100 }, (_, i) => done(i + 100, 'superseded'));
      await Promise.all([
        storage.events.write(unit(ws, { appends: [append('a', [1])], inboxDone: [done(0, 'decided'), done(2, 'failed')] })),
        storage.events.write(unit(ws, { appends: [append('a', [1], { version: 9 })], inboxDone: [done(1, 'decided')] })),
        storage.events.write(unit(ws, { inboxDone: many })),
      ]);
      const page = await storage.inbox.pending(ws, 'reports', { after: 2, limit: 2 });
      expect(page.map(({ recordId, arrival }) => [recordId, arrival])).toEqual([
        ['r-3', 4],
        ['r-4', 5],
      ]);
      expect((await storage.inbox.pending(ws, 'reports', { after: 0, limit: 1 })).map(({ recordId }) => recordId)).toEqual(['r-1']);
      expect(await storage.inbox.counts(ws, 'second')).toMatchObject({ pending: 1, decided: 0 });
      expect(await storage.inbox.counts(ws, 'reports')).toEqual({
        pending: 98,
        decided: 1,
        failed: 1,
        superseded: 100,
        trimmed: 0,
        deadLetters: 0,
        skipped: 0,
      });
    });

    it('refuses a stale fence and keeps nothing then', async () => {
      const ws = freshWorkspace();
      const owner = { owner: 'o', host: 'h', boot: 'b', pid: 1 };
      const lease = await storage.leases.take(ws, 'source/reports', owner, { now: 0, ttlMs: 10, isDead: () => false });
      if (lease.status !== 'taken') throw new Error('not free');
      const batch = { records: [record('r-1', origin(0))], deadLetters: [letter(origin(9))], offset: offset(10) };
      expect(await storage.inbox.accept(ws, { ...batch, fence: { ...lease.fence, fence: 9 } })).toEqual({ status: 'stale-fence' });
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 0)).toBeUndefined();
      expect(await storage.inbox.counts(ws, 'reports')).toEqual({
        pending: 0,
        decided: 0,
        failed: 0,
        superseded: 0,
        trimmed: 0,
        deadLetters: 0,
        skipped: 0,
      });
      expect(await storage.inbox.accept(ws, { ...batch, fence: lease.fence })).toMatchObject({ status: 'accepted', records: 1 });
    });

    it('lists dead letters by source and in pages', async () => {
      const ws = freshWorkspace();
      for (const sourceId of ['a', 'b', 'a']) {
        const known = await storage.inbox.deadLetters(ws, { limit: 10 });
        const deadLetters = [letter(origin(known.length, { sourceId }))];
        await storage.inbox.accept(ws, { records: [], deadLetters, offset: offset(1, { sourceId }) });
      }
      const ids = async (options: Parameters<Storage['inbox']['deadLetters']>[1]): Promise<readonly number[]> =>
        (await storage.inbox.deadLetters(ws, options)).map(({ id }) => id);
      expect(await ids({ sourceId: 'a', limit: 10 })).toEqual([1, 3]);
      expect(await ids({ after: 1, limit: 1 })).toEqual([2]);
    });

    it('takes a batch that goes on from the stored offset, and no other', async () => {
      const ws = freshWorkspace();
      const first = { records: [record('r-1', origin(0))], deadLetters: [], offset: offset(10, { position: '{"at":1}', skipped: 2 }) };
      expect(await storage.inbox.accept(ws, { ...first, expected: { incarnation: 1, nextOffset: 0 } })).toEqual({
        status: 'moved',
        offset: undefined,
      });
      expect(await storage.inbox.accept(ws, { ...first, expected: null })).toEqual({ status: 'accepted', records: 1, deadLetters: 0 });
      // A second reader of the same partition, which has not heard of the first.
      expect(await storage.inbox.accept(ws, { ...first, expected: null })).toEqual({ status: 'moved', offset: first.offset });
      const next = { records: [record('r-2', origin(10))], deadLetters: [letter(origin(11))], offset: offset(20, { skipped: 3 }) };
      for (const expected of [
        { incarnation: 1, nextOffset: 9 },
        { incarnation: 2, nextOffset: 10 },
      ]) {
        expect(await storage.inbox.accept(ws, { ...next, expected })).toMatchObject({ status: 'moved' });
      }
      expect(await storage.inbox.accept(ws, { ...next, expected: { incarnation: 1, nextOffset: 10 } })).toMatchObject({ records: 1 });
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 0)).toEqual(offset(20, { skipped: 5 }));
      expect(await storage.inbox.lastArrival(ws, 'reports')).toBe(2);
    });

    it('takes what is new of a batch that a person has set the offset back for', async () => {
      const ws = freshWorkspace();
      const records = [0, 1, 2].map((i) => record(`r-${i}`, origin(i)));
      await storage.inbox.accept(ws, { records, deadLetters: [letter(origin(9))], offset: offset(10, { skipped: 4 }), expected: null });
      await storage.inbox.moveOffset(ws, { ...offset(1), position: null });
      expect(await storage.inbox.offsets(ws, 'reports')).toEqual([offset(1, { skipped: 4 })]);
      const again = { records: [...records.slice(1), record('r-3', origin(3))], deadLetters: [letter(origin(9))], offset: offset(10) };
      const accepted = await storage.inbox.accept(ws, { ...again, expected: { incarnation: 1, nextOffset: 1 } });
      expect(accepted).toEqual({ status: 'accepted', records: 1, deadLetters: 0 });
      expect((await storage.inbox.range(ws, 'reports', { after: 0, limit: 10 })).map((each) => [each.recordId, each.arrival])).toEqual([
        ['r-0', 1],
        ['r-1', 2],
        ['r-2', 3],
        ['r-3', 4],
      ]);
    });

    it('gives pushed records their places, and takes each id once', async () => {
      const ws = freshWorkspace();
      const partition = { sourceId: 'pushed', incarnation: 1, topic: 'pushed', partition: 0 };
      const push = (ids: readonly string[], letters = 0) =>
        storage.inbox.push(ws, {
          records: ids.map((recordId) => record(recordId, origin(999))),
          deadLetters: Array.from({ length: letters }, () => letter(origin(999))),
          partition,
          skipped: 1,
        });
      expect((await push(['a', 'b', 'a'], 1)).map(({ isNew }) => isNew)).toEqual([true, true, false]);
      const [left, right] = await Promise.all([push(['b', 'c', 'd']), push(['c', 'd', 'e'], 1)]);
      expect(
        [...left, ...right]
          .filter(({ isNew }) => isNew)
          .map(({ recordId }) => recordId)
          .toSorted(),
      ).toEqual(['c', 'd', 'e']);
      const places = (await storage.inbox.range(ws, 'pushed', { after: 0, limit: 10 })).map(({ origin: { sourceId, offset: at } }) => [
        sourceId,
        at,
      ]);
      const lost = (await storage.inbox.deadLetters(ws, { sourceId: 'pushed', limit: 10 })).map((each) => each.origin.offset);
      expect(places.every(([sourceId]) => sourceId === 'pushed')).toBe(true);
      expect([...places.map(([, at]) => at as number), ...lost].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(await storage.inbox.counts(ws, 'pushed')).toMatchObject({ pending: 5, deadLetters: 2, skipped: 3 });
    });

    it('reads by lane, event time and id', async () => {
      const ws = freshWorkspace();
      const records = Array.from({ length: 12 }, (_, i) => ({
        ...record(`r-${i}`, origin(i)),
        lane: i % 4,
        eventTime: i === 0 ? null : i * 1000,
      }));
      await storage.inbox.accept(ws, { records, deadLetters: [], offset: offset(12) });
      const pending = async (lanes: readonly number[], after = 0) =>
        (await storage.inbox.pending(ws, 'reports', { after, limit: 4, lanes })).map(({ arrival }) => arrival);
      expect(await pending([1, 3])).toEqual([2, 4, 6, 8]);
      expect(await pending([1, 3], 6)).toEqual([8, 10, 12]);
      expect(await pending([])).toEqual([]);
      expect(await storage.inbox.pendingCount(ws, 'reports', 5)).toBe(5);
      expect(await storage.inbox.pendingCount(ws, 'reports', 50)).toBe(12);
      await storage.events.write(unit(ws, { inboxDone: [{ sourceId: 'reports', recordId: 'r-3', outcome: 'decided' }] }));
      expect(await storage.inbox.pendingCount(ws, 'reports', 50)).toBe(11);
      const between = await storage.inbox.range(ws, 'reports', { after: 1, limit: 9, from: 2000, to: 5000, upTo: 4 });
      expect(between.map(({ arrival }) => arrival)).toEqual([3, 4]);
      expect(await storage.inbox.record(ws, 'reports', 'r-5')).toEqual({ ...records[5], arrival: 6 });
      expect(await storage.inbox.record(ws, 'reports', 'r-99')).toBeUndefined();
    });

    it('replays a dead letter once', async () => {
      const ws = freshWorkspace();
      await storage.inbox.accept(ws, { records: [], deadLetters: [letter(origin(7)), letter(origin(8))], offset: offset(9) });
      const mended = record('r-7', origin(7));
      const tries = await Promise.all([1, 2, 3].map(() => storage.inbox.replay(ws, { id: 1, record: mended })));
      expect(tries.filter(Boolean)).toHaveLength(1);
      expect(await storage.inbox.replay(ws, { id: 99, record: record('r-99', origin(99)) })).toBe(false);
      expect(await storage.inbox.counts(ws, 'reports')).toMatchObject({ pending: 1, deadLetters: 1 });
      expect((await storage.inbox.deadLetters(ws, { limit: 9 })).map(({ id }) => id)).toEqual([2]);
      expect((await storage.inbox.deadLetters(ws, { limit: 9, replayed: true })).map(({ replayedAs }) => replayedAs)).toEqual([
        'r-7',
        null,
      ]);
      expect(await storage.inbox.deadLetter(ws, 1)).toMatchObject({ replayedAs: 'r-7', headers: letter(origin(7)).headers });
    });

    it('takes the same batch from many at once and keeps it once', async () => {
      const ws = freshWorkspace();
      const records = Array.from({ length: 30 }, (_, i) => record(`r-${i}`, origin(i)));
      const results = await Promise.all(
        [1, 2, 3, 4].map(() => storage.inbox.accept(ws, { records, deadLetters: [letter(origin(99))], offset: offset(100) })),
      );
      expect(results.reduce((sum, each) => sum + (each.status === 'accepted' ? each.records : 0), 0)).toBe(30);
      const pending = await storage.inbox.pending(ws, 'reports', { after: 0, limit: 100 });
      expect(pending.map(({ arrival }) => arrival)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    });

    it('deletes what is done and old, first what came first, in slices, and counts it on', async () => {
      const ws = freshWorkspace();
      const aged = (n: number, receivedAt: number): InboxRecord => ({ ...record(`r-${n}`, origin(n)), receivedAt, eventTime: 1_000 + n });
      const old = Array.from({ length: 60 }, (_, i) => aged(i, 10));
      const fresh = [aged(60, 20), aged(61, 21)];
      await storage.inbox.accept(ws, { records: [...old, ...fresh], deadLetters: [], offset: offset(62) });
      const namesake = { ...record('r-0', origin(0, { sourceId: 'second' })), receivedAt: 1 };
      await storage.inbox.accept(ws, { records: [namesake], deadLetters: [], offset: offset(1, { sourceId: 'second' }) });
      const done = (n: number, outcome: 'decided' | 'failed' | 'superseded', sourceId = 'reports') => ({
        sourceId,
        recordId: `r-${n}`,
        outcome,
      });
      const trimAll = async (options: { readonly receivedBefore: number; readonly upTo: number }): Promise<number> => {
        let sum = 0;
        for (let n = -1; n !== 0; sum += n) n = await storage.inbox.trim(ws, 'reports', options);
        return sum;
      };
      expect(await storage.inbox.trimmed(ws, 'reports')).toEqual({ records: 0, upTo: 0, lastTime: null });
      // What waits is never deleted.
      expect(await trimAll({ receivedBefore: 1_000, upTo: 1_000 })).toBe(0);
      const fates = [0, 1, 2].flatMap((rest) =>
        Array.from({ length: 62 }, (_, n) => n)
          .filter((n) => n % 3 === rest && n !== 5)
          .map((n) => done(n, (['decided', 'failed', 'superseded'] as const)[rest] ?? 'decided')),
      );
      await storage.events.write(unit(ws, { inboxDone: [...fates, done(0, 'decided', 'second')] }));
      const before = await storage.inbox.counts(ws, 'reports');
      expect(await trimAll({ receivedBefore: 20, upTo: 31 })).toBe(30);
      expect(await storage.inbox.trimmed(ws, 'reports')).toEqual({ records: 30, upTo: 31, lastTime: 1_030 });
      expect(await trimAll({ receivedBefore: 20, upTo: 1_000 })).toBe(29);
      const left = await storage.inbox.range(ws, 'reports', { after: 0, limit: 100 });
      expect(left.map(({ recordId }) => recordId)).toEqual(['r-5', 'r-60', 'r-61']);
      expect(await storage.inbox.trimmed(ws, 'reports')).toEqual({ records: 59, upTo: 60, lastTime: 1_059 });
      expect(await storage.inbox.counts(ws, 'reports')).toEqual({ ...before, trimmed: 59 });
      expect(before).toMatchObject({ pending: 1, decided: 21, failed: 21, superseded: 19, trimmed: 0 });
      expect(await storage.inbox.trimmed(ws, 'second')).toEqual({ records: 0, upTo: 0, lastTime: null });
      expect(await storage.inbox.record(ws, 'second', 'r-0')).toBeDefined();
      // Arrivals go on where they were.
      await storage.inbox.accept(ws, { records: [aged(70, 30)], deadLetters: [], offset: offset(71) });
      expect((await storage.inbox.record(ws, 'reports', 'r-70'))?.arrival).toBe(63);
    });

    it('knows a record that was deleted by its decision, however it comes again', async () => {
      const ws = freshWorkspace();
      const partition = { sourceId: 'reports', incarnation: 1, topic: 'reports.ndjson', partition: 0 };
      const old = { ...record('r-1', origin(0)), receivedAt: 1 };
      await storage.inbox.accept(ws, { records: [old], deadLetters: [letter(origin(5))], offset: offset(10) });
      const claims = [{ scope: 'decision', key: 'r-1/live/0', value: 'run' }];
      await storage.events.write(unit(ws, { claims, inboxDone: [{ sourceId: 'reports', recordId: 'r-1', outcome: 'decided' }] }));
      expect(await storage.inbox.trim(ws, 'reports', { receivedBefore: 5, upTo: 10 })).toBe(1);
      const [beside, fresh] = [record('r-1', origin(20)), record('r-2', origin(21))];
      const batch = { records: [old, beside, fresh], deadLetters: [], offset: offset(30) };
      expect(await storage.inbox.accept(ws, { ...batch, expected: { incarnation: 1, nextOffset: 10 } })).toMatchObject({ records: 1 });
      expect(await storage.inbox.push(ws, { records: [old, record('r-3', origin(0))], deadLetters: [], partition, skipped: 0 })).toEqual([
        { recordId: 'r-1', isNew: false },
        { recordId: 'r-3', isNew: true },
      ]);
      expect(await storage.inbox.replay(ws, { id: 1, record: record('r-1', origin(5)) })).toBe(true);
      const left = await storage.inbox.range(ws, 'reports', { after: 0, limit: 10 });
      expect(left.map(({ recordId }) => recordId)).toEqual(['r-2', 'r-3']);
    });

    it('deletes fewer large rows at a time', async () => {
      const ws = freshWorkspace();
      const large = (n: number): InboxRecord => ({
        ...record(`r-${n}`, origin(n)),
        receivedAt: 1,
        body: JSON.stringify('x'.repeat(100_000)),
      });
      await storage.inbox.accept(ws, { records: [large(0), large(1), large(2)], deadLetters: [], offset: offset(3) });
      const inboxDone = [0, 1, 2].map((n) => ({ sourceId: 'reports', recordId: `r-${n}`, outcome: 'decided' as const }));
      await storage.events.write(unit(ws, { inboxDone }));
      const trim = () => storage.inbox.trim(ws, 'reports', { receivedBefore: 5, upTo: 10 });
      expect([await trim(), await trim(), await trim(), await trim()]).toEqual([1, 1, 1, 0]);
    });

    it('forgets what processes said long ago of their tasks', async () => {
      const ws = freshWorkspace();
      const said = (sourceId: string, owner: string, at: number): SourceTask => ({
        ...{ sourceId, task: 'intake', state: 'running', trace: null, at },
        by: { owner, host: 'h', boot: 'b', pid: 1 },
      });
      for (const task of [said('reports', 'a', 5), said('reports', 'b', 10), said('second', 'a', 5)]) await storage.tasks.report(ws, task);
      await storage.tasks.forgetOlder(ws, 'reports', 10);
      expect(await storage.tasks.list(ws, 'reports')).toEqual([said('reports', 'b', 10)]);
      expect(await storage.tasks.list(ws, 'second')).toEqual([said('second', 'a', 5)]);
    });
  });
}
