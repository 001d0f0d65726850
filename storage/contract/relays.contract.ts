import { describe, expect, it } from 'vitest';
import type { Fence, RelayPart, Storage } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { append, freshWorkspace, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const OWNER = { owner: 'o-1', host: 'h', boot: 'b', pid: 1 };
const PART: RelayPart = { relay: 'hooks/4', part: 2, log: 'ledger' };

export function relaysContract(backend: Backend): void {
  describe('relays', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    const take = async (ws: string, { owner = 'o-1', now = 1000 } = {}): Promise<Fence> => {
      const times = { now, ttlMs: 100, isDead: () => false };
      const taken = await storage.leases.take(ws, 'relay/hooks/2', { ...OWNER, owner }, times);
      if (taken.status !== 'taken') throw new Error('the lease was not free');
      return taken.fence;
    };

    it('move their cursors on, and never back', async () => {
      const ws = freshWorkspace();
      const fence = await take(ws);
      expect(await storage.relays.cursor(ws, PART)).toBeUndefined();
      expect(await storage.relays.advance(ws, { ...PART, n: 0, fence })).toBe(true);
      expect(await storage.relays.cursor(ws, PART)).toBe(0);
      expect(await storage.relays.advance(ws, { ...PART, n: 2 ** 40, fence })).toBe(true);
      expect(await storage.relays.advance(ws, { ...PART, n: 12, fence })).toBe(true);
      expect(await storage.relays.cursor(ws, PART)).toBe(2 ** 40);
    });

    it('move only while the lease is theirs', async () => {
      const ws = freshWorkspace();
      const fence = await take(ws);
      await storage.relays.advance(ws, { ...PART, n: 5, fence });
      const move = (by: Fence): Promise<boolean> => storage.relays.advance(ws, { ...PART, n: 9, fence: by });
      expect(await move({ ...fence, owner: 'o-2' })).toBe(false);
      expect(await move({ ...fence, fence: fence.fence + 1 })).toBe(false);
      expect(await move({ ...fence, resource: 'relay/hooks/3' })).toBe(false);
      const next = await take(ws, { owner: 'o-2', now: 2000 });
      expect(await move(fence)).toBe(false);
      expect(await storage.relays.cursor(ws, PART)).toBe(5);
      expect(await move(next)).toBe(true);
      await storage.leases.release(ws, next);
      expect(await storage.relays.advance(ws, { ...PART, n: 10, fence: next })).toBe(false);
      expect(await storage.relays.cursor(ws, PART)).toBe(9);
    });

    it('are told apart by name, part and log, and listed below their folder only', async () => {
      const ws = freshWorkspace();
      const fence = await take(ws);
      const places: readonly RelayPart[] = [
        PART,
        { ...PART, part: 10 },
        { ...PART, log: 'runs-0' },
        { ...PART, relay: 'hooks/16' },
        { ...PART, relay: 'hooks' },
        { ...PART, relay: 'hooks-2/4' },
        { ...PART, relay: 'Hooks/4' },
      ];
      for (const [n, place] of places.entries()) await storage.relays.advance(ws, { ...place, n, fence });
      expect(await Promise.all(places.map((place) => storage.relays.cursor(ws, place)))).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(await storage.relays.cursors(ws, 'hooks/')).toEqual([
        { relay: 'hooks/16', part: 2, log: 'ledger', n: 3 },
        { relay: 'hooks/4', part: 2, log: 'ledger', n: 0 },
        { relay: 'hooks/4', part: 10, log: 'ledger', n: 1 },
        { relay: 'hooks/4', part: 2, log: 'runs-0', n: 2 },
      ]);
      expect(await storage.relays.cursors(ws, 'other/')).toEqual([]);
    });

    it('find in a log what is of their types, and the last fact of a stream', async () => {
      const ws = freshWorkspace();
      const other = (data: unknown) => ({ ...append('s', [data]), events: [{ type: 'OtherHappened', data }] });
      await storage.events.write(unit(ws, { appends: [append('s', [1, 2]), other(3), append('t', [4, 5])] }));
      const read = async (types: readonly string[], after: number, upTo: number): Promise<readonly unknown[]> =>
        (await storage.events.readTypes(ws, 'ledger', { types, after, upTo })).map(({ position, data }) => [position.n, data]);
      expect(await read(['ThingHappened'], 1, 4)).toEqual([
        [2, 2],
        [4, 4],
      ]);
      expect(await read(['OtherHappened', 'ThingHappened'], 2, 3)).toEqual([[3, 3]]);
      expect(await read(['OtherHappened'], 3, 5)).toEqual([]);
      expect(await read([], 0, 5)).toEqual([]);
      expect(await storage.events.lastOf(ws, 's')).toMatchObject({ type: 'OtherHappened', version: 3, data: 3 });
      expect(await storage.events.lastOf(ws, 'none')).toBeUndefined();
    });
  });
}
