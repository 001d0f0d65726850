import { describe, expect, it } from 'vitest';
import type { Storage, WriteResult, WriteUnit } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { append, freshWorkspace, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

/** Who may write: claims that one takes, fences that grow stale. */
export function fencesContract(backend: Backend): void {
  describe('units', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

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
  });
}
