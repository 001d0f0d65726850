import { describe, expect, it } from 'vitest';
import type { LogName, Storage, WriteResult, WriteUnit } from '../../schemas/core.ts';
import type { Backend, Place } from './backend.ts';
import { append, blobOf, freshWorkspace, thing, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const positionsOf = (result: WriteResult): readonly number[] => {
  if (result.status !== 'written') throw new Error(`not written: ${JSON.stringify(result)}`);
  return result.positions.map(({ n }) => n);
};

/** Appending, expected versions, claims, fences, coalescing, numbers. */
export function eventsContract(backend: Backend): void {
  describe('events', () => {
    let place: Place;
    let storage: Storage;
    const clock = { now: 1_760_000_000_000 };
    useStorage(backend, (own) => ({ place, storage } = own), { now: () => clock.now++ });

    it('come back as they were written, with version, position and envelope', async () => {
      const ws = freshWorkspace();
      const written = await storage.events.write(
        unit(ws, {
          actor: 'someone',
          correlationId: 'c-1',
          causationId: 'e-0',
          appends: [append('a', [{ text: 'ünï 你好 😀 "quoted" \\ \u0000 end' }, null, [1, 2.5]])],
        }),
      );
      expect(positionsOf(written)).toEqual([1, 2, 3]);
      const events = await storage.events.readStream(ws, 'a');
      expect(events.map(({ data }) => data)).toEqual([{ text: 'ünï 你好 😀 "quoted" \\ \u0000 end' }, null, [1, 2.5]]);
      expect(events[1]).toEqual({
        workspaceId: ws,
        eventId: events[1]?.eventId,
        stream: 'a',
        version: 2,
        position: { log: 'ledger', n: 2 },
        type: 'ThingHappened',
        schemaVersion: 1,
        data: null,
        actor: 'someone',
        correlationId: 'c-1',
        causationId: 'e-0',
        recordedAt: events[0]?.recordedAt,
      });
      expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(3);
      for (const { eventId } of events) expect(eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    });

    it('are read in pages, by stream and by log', async () => {
      const ws = freshWorkspace();
      await storage.events.write(unit(ws, { appends: [append('a', [1, 2, 3]), append('b', [4]), append('a', [5])] }));
      const data = (events: readonly { readonly data: unknown }[]): readonly unknown[] => events.map((event) => event.data);
      expect(data(await storage.events.readStream(ws, 'a', { afterVersion: 1, limit: 2 }))).toEqual([2, 3]);
      expect(data(await storage.events.readStream(ws, 'none'))).toEqual([]);
      expect(data(await storage.events.readLog(ws, 'ledger'))).toEqual([1, 2, 3, 4, 5]);
      expect(data(await storage.events.readLog(ws, 'ledger', { after: 3, limit: 1 }))).toEqual([4]);
      expect(await storage.events.head(ws, 'ledger')).toBe(5);
      expect(await storage.events.head(ws, 'runs-0')).toBe(0);
    });

    it('keep names apart that differ in blanks, case or accents', async () => {
      const ws = freshWorkspace();
      const names = ['a', 'a ', ' a', 'A', 'á', 'a\u0301', 'ß', 'ss'];
      for (const name of names) {
        const claimed = await storage.events.write(
          unit(ws, { appends: [append(name, [name], { version: 0 })], claims: [{ scope: 's', key: name, value: name }] }),
        );
        expect(claimed.status).toBe('written');
      }
      for (const name of names) {
        expect(await storage.events.readClaim(ws, 's', name)).toBe(name);
        expect((await storage.events.readStream(ws, name)).map(({ data }) => data)).toEqual([name]);
      }
    });

    it('are refused at another version than expected, and nothing of their unit is written', async () => {
      const ws = freshWorkspace();
      await storage.events.write(unit(ws, { appends: [append('a', [1, 2])] }));
      const blob = blobOf(`only in a refused unit of ${ws}`, 'nobody');
      const refused = await storage.events.write(
        unit(ws, {
          appends: [append('b', [3]), append('a', [4], { version: 1 })],
          claims: [{ scope: 's', key: 'k', value: 'v' }],
          blobs: [blob],
        }),
      );
      expect(refused).toEqual({ status: 'conflict', stream: 'a', version: 2 });
      expect(await storage.events.head(ws, 'ledger')).toBe(2);
      expect(await storage.events.readStream(ws, 'b')).toEqual([]);
      expect(await storage.events.readClaim(ws, 's', 'k')).toBeUndefined();
      expect(await storage.blobs.read(ws, blob.sha256)).toBeUndefined();
      expect(positionsOf(await storage.events.write(unit(ws, { appends: [append('a', [4], { version: 2 })] })))).toEqual([3]);
    });

    it('with a first sequence number are written once, however often they come', async () => {
      const ws = freshWorkspace();
      const write = async (data: readonly unknown[], from: number): Promise<WriteResult> =>
        storage.events.write(unit(ws, { appends: [append('a', data, { from })] }));
      expect(positionsOf(await write([1, 2, 3], 1))).toEqual([1, 2, 3]);
      expect(positionsOf(await write([1, 2, 3], 1))).toEqual([1, 2, 3]);
      expect(positionsOf(await write([2, 3, 4, 5], 2))).toEqual([2, 3, 4, 5]);
      expect(await write([9], 7)).toEqual({ status: 'conflict', stream: 'a', version: 5 });
      expect((await storage.events.readStream(ws, 'a')).map(({ data }) => data)).toEqual([1, 2, 3, 4, 5]);
    });

    it('that differ from what stands under their numbers are refused as a whole, unless in keys that may differ', async () => {
      const ws = freshWorkspace();
      const write = (events: readonly unknown[], from: number, ignoring: readonly string[] = []): Promise<WriteResult> =>
        storage.events.write(unit(ws, { appends: [append('a', events, { from, ignoring })] }));
      await write(
        [
          { x: 1, at: 1 },
          { x: 2, at: 2 },
        ],
        1,
      );
      const conflict = { status: 'conflict', stream: 'a', version: 2 };
      expect(
        await write(
          [
            { x: 2, at: 9 },
            { x: 3, at: 9 },
          ],
          2,
        ),
      ).toEqual(conflict);
      expect(
        await write(
          [
            { x: 7, at: 2 },
            { x: 3, at: 9 },
          ],
          2,
          ['at'],
        ),
      ).toEqual(conflict);
      expect((await storage.events.readStream(ws, 'a')).length).toBe(2);
      expect(
        positionsOf(
          await write(
            [
              { x: 2, at: 9 },
              { x: 3, at: 9 },
            ],
            2,
            ['at'],
          ),
        ),
      ).toEqual([2, 3]);
      expect((await storage.events.readStream(ws, 'a')).map(({ data }) => data)).toEqual([
        { x: 1, at: 1 },
        { x: 2, at: 2 },
        { x: 3, at: 9 },
      ]);
      expect(await storage.events.head(ws, 'ledger')).toBe(3);
    });

    it('that differ from those of another unit written at the same moment are refused, and only they', async () => {
      const ws = freshWorkspace();
      const write = (data: readonly unknown[], from: number, stream = 'a'): Promise<WriteResult> =>
        storage.events.write(unit(ws, { appends: [append(stream, data, { from })] }));
      const results = await Promise.all([write([1, 2], 1), write([1, 'other', 3], 1), write([2, 3], 2), write([1], 1, 'b')]);
      expect(results.map(({ status }) => status)).toEqual(['written', 'conflict', 'written', 'written']);
      expect((await storage.events.readStream(ws, 'a')).map(({ data }) => data)).toEqual([1, 2, 3]);
    });

    it('that come again after the end of their run do not open it again', async () => {
      const ws = freshWorkspace();
      const run = { runId: 'r', flow: 'f', flowVersion: 'v', mode: 'manual', resource: 'run/r' } as const;
      const write = (data: readonly unknown[], status: 'running' | 'succeeded'): Promise<WriteResult> =>
        storage.events.write(unit(ws, { appends: [append('run/r', data, { from: 1 })], runStatus: [{ ...run, status }] }));
      await write([1, 2], 'running');
      await write([1, 2, 3], 'succeeded');
      expect(positionsOf(await write([1, 2], 'running'))).toEqual([1, 2]);
      expect((await storage.events.runStatus(ws, 'r'))?.status).toBe('succeeded');
      expect(await storage.events.unfinishedRuns(ws)).toEqual([]);
    });

    it('of the same sequence written at once are written once', async () => {
      const ws = freshWorkspace();
      const one = (): Promise<WriteResult> => storage.events.write(unit(ws, { appends: [append('a', [1, 2, 3], { from: 1 })] }));
      const results = await Promise.all([one(), one(), one(), one()]);
      expect(results.map(positionsOf)).toEqual([1, 2, 3, 4].map(() => [1, 2, 3]));
      expect(await storage.events.head(ws, 'ledger')).toBe(3);
    });

    it('may append twice to one stream within a unit', async () => {
      const ws = freshWorkspace();
      const written = await storage.events.write(
        unit(ws, { appends: [append('a', [1], { version: 0 }), append('a', [2, 3], { version: 1 }), append('a', [3, 4], { from: 3 })] }),
      );
      expect(positionsOf(written)).toEqual([1, 2, 3, 3, 4]);
      expect((await storage.events.readStream(ws, 'a')).map(({ version, data }) => [version, data])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
      ]);
    });

    it('of several logs are numbered each by itself', async () => {
      const ws = freshWorkspace();
      const run = (n: number): { log: LogName; stream: string; events: readonly ReturnType<typeof thing>[]; expected: { any: true } } => ({
        log: 'runs-0',
        stream: `run/${n}`,
        events: [thing(n)],
        expected: { any: true },
      });
      const written = await storage.events.write(unit(ws, { appends: [run(1), append('a', [1]), run(2)] }));
      expect(written).toEqual({
        status: 'written',
        positions: [
          { log: 'runs-0', n: 1 },
          { log: 'ledger', n: 1 },
          { log: 'runs-0', n: 2 },
        ],
      });
      await expect(storage.events.write(unit(ws, { appends: [{ ...run(1), log: 'ledger' }] }))).rejects.toThrow('is in the log runs-0');
    });

    it('take a claim once; the loser learns what the winner said', async () => {
      const ws = freshWorkspace();
      const take = async (value: string): Promise<WriteResult> =>
        storage.events.write(unit(ws, { claims: [{ scope: 'flow', key: 'k', value }], appends: [append(value, [value])] }));
      const results = await Promise.all([take('first'), take('second')]);
      expect(results[0]).toMatchObject({ status: 'written' });
      expect(results[1]).toEqual({ status: 'claimed', scope: 'flow', key: 'k', value: 'first' });
      expect(await take('third')).toEqual({ status: 'claimed', scope: 'flow', key: 'k', value: 'first' });
      expect(await storage.events.readClaim(ws, 'flow', 'k')).toBe('first');
      expect(await storage.events.readClaim(ws, 'other', 'k')).toBeUndefined();
      const elsewhere = { scope: 'other', key: 'k', value: 'free there' };
      expect(await storage.events.write(unit(ws, { claims: [elsewhere, elsewhere] }))).toMatchObject({ status: 'written' });
      expect(await storage.events.readClaim(ws, 'other', 'k')).toBe('free there');
    });

    it('carry a fence: a stale, foreign or released one is refused', async () => {
      const ws = freshWorkspace();
      const owner = { owner: 'o-1', host: 'h', boot: 'b', pid: 1 };
      const times = { now: 1000, ttlMs: 10, isDead: () => false };
      const first = await storage.leases.take(ws, 'run/1', owner, times);
      if (first.status !== 'taken') throw new Error('the lease was not free');
      const write = async (fence: typeof first.fence): Promise<WriteResult> =>
        storage.events.write(unit(ws, { fence, appends: [append('a', [1])] }));
      const stale = { status: 'stale-fence', resource: 'run/1' };
      expect((await write(first.fence)).status).toBe('written');
      expect(await write({ ...first.fence, owner: 'o-2' })).toEqual(stale);
      expect(await write({ ...first.fence, fence: first.fence.fence + 1 })).toEqual(stale);
      expect(await write({ ...first.fence, resource: 'run/2' })).toEqual({ ...stale, resource: 'run/2' });
      const second = await storage.leases.take(ws, 'run/1', { ...owner, owner: 'o-2' }, { ...times, now: 2000 });
      if (second.status !== 'taken') throw new Error('the lease had not expired');
      expect(await write(first.fence)).toEqual(stale);
      expect((await write(second.fence)).status).toBe('written');
      await storage.leases.release(ws, second.fence);
      expect(await write(second.fence)).toEqual(stale);
      expect(await storage.events.head(ws, 'ledger')).toBe(2);
    });

    it('carry the fence of what their portion is within: either of the two refuses when it is stale', async () => {
      const ws = freshWorkspace();
      const owner = { owner: 'o-1', host: 'h', boot: 'b', pid: 1 };
      const take = async (resource: string, at: number) => {
        const taken = await storage.leases.take(ws, resource, { ...owner, owner: `o-${at}` }, { now: at, ttlMs: 10, isDead: () => false });
        if (taken.status !== 'taken') throw new Error(`the lease ${resource} was not free`);
        return taken.fence;
      };
      const [within, fence] = [await take('evaluation/1', 1000), await take('evaluation/1/40', 1000)];
      const write = (fences: Pick<WriteUnit, 'fence' | 'within'>) =>
        storage.events.write(unit(ws, { ...fences, appends: [append('a', [1])] }));
      expect((await write({ fence, within })).status).toBe('written');
      expect((await write({ within })).status).toBe('written');
      const portion = await take('evaluation/1/40', 2000);
      expect(await write({ fence, within })).toEqual({ status: 'stale-fence', resource: 'evaluation/1/40' });
      expect((await write({ fence: portion, within })).status).toBe('written');
      await take('evaluation/1', 3000);
      expect(await write({ fence: portion, within })).toEqual({ status: 'stale-fence', resource: 'evaluation/1' });
      expect(await storage.events.head(ws, 'ledger')).toBe(3);
    });

    it('of units written at once share transactions, but not each other’s failures', async () => {
      const ws = freshWorkspace();
      const cyclic: { self?: unknown } = {};
      cyclic.self = cyclic;
      const settled = await Promise.allSettled([
        storage.events.write(unit(ws, { appends: [append('a', [1], { version: 0 })] })),
        storage.events.write(unit(ws, { appends: [append('a', [2], { version: 0 })] })),
        storage.events.write(unit(ws, { appends: [append('b', [cyclic])] })),
        storage.events.write(unit(ws, { appends: [append('x'.repeat(200), [1])] })),
        storage.events.write(unit(ws, { appends: [append('c', [1])], blobs: [{ ...blobOf('x', 'r'), sha256: 'f'.repeat(64) }] })),
        storage.events.write(unit(ws, { appends: [append('a', [3], { version: 1 })] })),
      ]);
      expect(settled.map((each) => (each.status === 'fulfilled' ? each.value.status : 'rejected'))).toEqual([
        'written',
        'conflict',
        'rejected',
        'rejected',
        'rejected',
        'written',
      ]);
      expect((await storage.events.readLog(ws, 'ledger')).map(({ stream, data, position }) => [stream, data, position.n])).toEqual([
        ['a', 1, 1],
        ['a', 3, 2],
      ]);
    });

    it('have numbers without holes under concurrency, in the order of their streams', async () => {
      const ws = freshWorkspace();
      const writers = Array.from({ length: 20 }, (_, w) => w);
      await Promise.all(
        writers.map(async (w) => {
          for (let i = 0; i < 10; i++) {
            const expected = i % 3 === 2 ? { version: 0 } : { any: true as const };
            await storage.events.write(unit(ws, { appends: [append(`w-${w}`, [i, i], expected)] }));
          }
        }),
      );
      const events = await storage.events.readLog(ws, 'ledger');
      // Every third unit was refused.
      expect(events.map(({ position }) => position.n)).toEqual(Array.from({ length: 20 * 7 * 2 }, (_, i) => i + 1));
      for (const w of writers) {
        const own = events.filter(({ stream }) => stream === `w-${w}`);
        expect(own.map(({ version }) => version)).toEqual(own.map((_, i) => i + 1));
      }
    });

    it('say which runs are unfinished, oldest first', async () => {
      const ws = freshWorkspace();
      const change = { flow: 'f', flowVersion: 'v', mode: 'evaluation' as const, resource: 'evaluation/1' };
      for (const runId of ['r-3', 'r-1', 'r-2']) {
        await storage.events.write(unit(ws, { runStatus: [{ ...change, runId, status: 'running' }] }));
      }
      await storage.events.write(unit(ws, { runStatus: [{ ...change, runId: 'r-4', status: 'running', resource: 'run/r-4' }] }));
      await storage.events.write(unit(ws, { runStatus: [{ ...change, runId: 'r-1', status: 'failed' }] }));
      await storage.events.write(unit(ws, { runStatus: [{ ...change, runId: 'r-3', status: 'running', resource: 'run/r-3' }] }));
      const manual = { ...change, mode: 'manual' as const, runId: 'r-5', status: 'running' as const, resource: 'run/r-5' };
      const before = clock.now;
      await storage.events.write(unit(ws, { runStatus: [manual] }));
      const begun = await storage.events.unfinishedRuns(ws, { mode: 'manual' });
      expect(begun.map(({ since: _since, ...change }) => change)).toEqual([manual]);
      expect(begun[0]?.since).toBeGreaterThanOrEqual(before);
      await storage.events.write(unit(ws, { runStatus: [manual] }));
      await storage.events.write(unit(ws, { runStatus: [{ ...manual, runId: 'r-6', status: 'stopped' }] }));
      const ids = async (options?: Parameters<typeof storage.events.unfinishedRuns>[1]): Promise<readonly string[]> =>
        (await storage.events.unfinishedRuns(ws, options)).map(({ runId }) => runId);
      expect(await ids()).toEqual(['r-3', 'r-2', 'r-4', 'r-5']);
      expect(await ids({ mode: 'live' })).toEqual([]);
      expect(await ids({ mode: 'evaluation', resource: 'run/r-5' })).toEqual([]);
      // Later changes leave when it began.
      expect(await storage.events.unfinishedRuns(ws, { mode: 'manual' })).toEqual(begun);
      expect(await ids({ limit: 1 })).toEqual(['r-3']);
      expect(await ids({ resource: 'evaluation/1' })).toEqual(['r-2']);
      expect(await storage.events.runStatus(ws, 'r-1')).toEqual({ ...change, runId: 'r-1', status: 'failed' });
      expect(await storage.events.runStatus(ws, 'r-9')).toBeUndefined();
    });

    it('are brought to the current form when they are read', async () => {
      const ws = freshWorkspace();
      await storage.events.write(unit(ws, { appends: [append('a', [{ old: 1 }, null])] }));
      const later = await place.open({
        upcasters: {
          ThingHappened: [
            (data) => ({ renamed: (data as { readonly old: number }).old }),
            (data) => ({ ...(data as { readonly renamed: number }), unit: 'ms' }),
          ],
        },
      });
      await later.events.write(unit(ws, { appends: [append('a', [{ renamed: 2, unit: 's' }])] }));
      const events = await later.events.readStream(ws, 'a');
      expect(events.map(({ schemaVersion, data }) => [schemaVersion, data])).toEqual([
        [3, { renamed: 1, unit: 'ms' }],
        [3, null],
        [3, { renamed: 2, unit: 's' }],
      ]);
      await later.close();
    });

    it('are refused after the storage was closed, while those that wait are written', async () => {
      const ws = freshWorkspace();
      const other = await place.open();
      const waiting = other.events.write(unit(ws, { appends: [append('a', [1])] }));
      await other.close();
      expect(positionsOf(await waiting)).toEqual([1]);
      await expect(other.events.write(unit(ws, { appends: [append('a', [2])] }))).rejects.toThrow('was closed');
      expect(await storage.events.head(ws, 'ledger')).toBe(1);
    });
  });
}
