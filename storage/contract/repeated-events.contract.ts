import { describe, expect, it } from 'vitest';
import type { Storage, WriteResult } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { append, freshWorkspace, positionsOf, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

/** Events that are written with their numbers are written once. */
export function repeatedEventsContract(backend: Backend): void {
  describe('events with numbers of their own', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    it('are written once, however often they come', async () => {
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
  });
}
