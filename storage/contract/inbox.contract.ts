import { describe, expect, it } from 'vitest';
import type { DeadLetter, InboxRecord, RecordOrigin, SourceOffset, Storage } from '../../schemas/core.ts';
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
  body: JSON.stringify({ recordId, text: '你好 😀' }),
  receivedAt: 1_760_000_000_000,
});
const letter = (at: RecordOrigin): DeadLetter => ({ origin: at, bytes: Uint8Array.of(0, 255, 10), reason: 'not JSON', receivedAt: 5 });
const offset = (nextOffset: number, more: Partial<SourceOffset> = {}): SourceOffset => ({
  sourceId: 'reports',
  incarnation: 1,
  topic: 'reports.ndjson',
  partition: 0,
  nextOffset,
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
      expect(await storage.inbox.deadLetters(ws, { limit: 10 })).toEqual([{ ...letter(origin(90)), id: 1 }]);
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 0)).toEqual(offset(120));
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 1)).toBeUndefined();
      expect(await storage.inbox.counts(ws, 'reports')).toEqual({ pending: 2, decided: 0, failed: 0, superseded: 0, deadLetters: 1 });
      expect(await storage.inbox.counts(ws, 'none')).toEqual({ pending: 0, decided: 0, failed: 0, superseded: 0, deadLetters: 0 });
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
      expect(await storage.inbox.counts(ws, 'reports')).toEqual({ pending: 98, decided: 1, failed: 1, superseded: 100, deadLetters: 0 });
    });

    it('refuses a stale fence and keeps nothing then', async () => {
      const ws = freshWorkspace();
      const owner = { owner: 'o', host: 'h', boot: 'b', pid: 1 };
      const lease = await storage.leases.take(ws, 'source/reports', owner, { now: 0, ttlMs: 10, isDead: () => false });
      if (lease.status !== 'taken') throw new Error('not free');
      const batch = { records: [record('r-1', origin(0))], deadLetters: [letter(origin(9))], offset: offset(10) };
      expect(await storage.inbox.accept(ws, { ...batch, fence: { ...lease.fence, fence: 9 } })).toEqual({ status: 'stale-fence' });
      expect(await storage.inbox.offset(ws, 'reports', 'reports.ndjson', 0)).toBeUndefined();
      expect(await storage.inbox.counts(ws, 'reports')).toEqual({ pending: 0, decided: 0, failed: 0, superseded: 0, deadLetters: 0 });
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
  });
}
