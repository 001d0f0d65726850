import { describe, expect, it } from 'vitest';
import type { LogName, Storage } from '../../schemas/core.ts';
import type { Backend, Place } from './backend.ts';
import { append, blobOf, freshWorkspace, positionsOf, thing, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

/** Appending, expected versions, coalescing, reading. */
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
