import { describe, expect, it } from 'vitest';
import type { LeaseOwner, LeaseResult, Storage } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { freshWorkspace } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const owner = (name: string, more: Partial<LeaseOwner> = {}): LeaseOwner => ({ owner: name, host: 'here', boot: 'b-1', pid: 11, ...more });
const never = (): boolean => false;

export function leasesContract(backend: Backend): void {
  describe('leases', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    const take = (ws: string, who: LeaseOwner, now: number, isDead: (other: LeaseOwner) => boolean = never): Promise<LeaseResult> =>
      storage.leases.take(ws, 'run/1', who, { now, ttlMs: 100, isDead });

    it('are taken when free; a live one is held, also against its own owner', async () => {
      const ws = freshWorkspace();
      expect(await take(ws, owner('a'), 1000)).toEqual({ status: 'taken', fence: { resource: 'run/1', owner: 'a', fence: 1 } });
      expect(await take(ws, owner('b'), 1099)).toEqual({ status: 'held', by: owner('a'), until: 1100 });
      expect(await take(ws, owner('a'), 1099)).toEqual({ status: 'held', by: owner('a'), until: 1100 });
      expect(await storage.leases.read(ws, 'run/1')).toEqual({ ...owner('a'), until: 1100, fence: 1 });
      expect(await storage.leases.read(ws, 'run/2')).toBeUndefined();
    });

    it('are taken over when expired, and the fence rises', async () => {
      const ws = freshWorkspace();
      await take(ws, owner('a'), 1000);
      expect(await take(ws, owner('b', { pid: 12 }), 1100)).toMatchObject({ status: 'taken', fence: { fence: 2 } });
      expect(await storage.leases.read(ws, 'run/1')).toEqual({ ...owner('b', { pid: 12 }), until: 1200, fence: 2 });
    });

    it('of a dead owner on this host are taken over at once; nobody asks about other hosts', async () => {
      const ws = freshWorkspace();
      const asked: LeaseOwner[] = [];
      const dead = (other: LeaseOwner): boolean => {
        asked.push(other);
        return true;
      };
      await take(ws, owner('a', { host: 'there' }), 1000);
      expect(await take(ws, owner('b'), 1001, dead)).toMatchObject({ status: 'held', by: { owner: 'a' } });
      expect(asked).toEqual([]);
      expect(await take(ws, owner('c', { host: 'there', pid: 7 }), 1001, dead)).toMatchObject({ status: 'taken', fence: { fence: 2 } });
      expect(asked).toEqual([owner('a', { host: 'there' })]);
    });

    it('are renewed by their owner only, also late, but not after somebody took them', async () => {
      const ws = freshWorkspace();
      const first = await take(ws, owner('a'), 1000);
      if (first.status !== 'taken') throw new Error('not free');
      const renew = (fence: typeof first.fence, now: number): Promise<boolean> => storage.leases.renew(ws, fence, { now, ttlMs: 100 });
      expect(await renew(first.fence, 1050)).toBe(true);
      expect(await renew(first.fence, 1050)).toBe(true);
      expect((await storage.leases.read(ws, 'run/1'))?.until).toBe(1150);
      expect(await renew({ ...first.fence, owner: 'b' }, 1060)).toBe(false);
      expect(await renew(first.fence, 2000)).toBe(true);
      const second = await take(ws, owner('b'), 3000);
      expect(second.status).toBe('taken');
      expect(await renew(first.fence, 3001)).toBe(false);
      expect(await storage.leases.read(ws, 'run/1')).toMatchObject({ owner: 'b', until: 3100 });
    });

    it('are given up by their owner only, and the fence goes on rising', async () => {
      const ws = freshWorkspace();
      const first = await take(ws, owner('a'), 1000);
      if (first.status !== 'taken') throw new Error('not free');
      await storage.leases.release(ws, { ...first.fence, owner: 'b' });
      expect(await storage.leases.read(ws, 'run/1')).toMatchObject({ owner: 'a' });
      await storage.leases.release(ws, first.fence);
      expect(await storage.leases.read(ws, 'run/1')).toBeUndefined();
      expect(await storage.leases.renew(ws, first.fence, { now: 1001, ttlMs: 100 })).toBe(false);
      expect(await take(ws, owner('a'), 1001)).toMatchObject({ status: 'taken', fence: { fence: 2 } });
    });

    it('wanted by many at once are taken by one', async () => {
      const ws = freshWorkspace();
      const results = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => take(ws, owner(name), 1000)));
      expect(results.filter(({ status }) => status === 'taken').length).toBe(1);
      const winner = results.find((each) => each.status === 'taken');
      expect(winner?.fence.fence).toBe(1);
      expect((await storage.leases.read(ws, 'run/1'))?.owner).toBe(winner?.fence.owner);
    });
  });
}
