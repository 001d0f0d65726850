import { describe, expect, it, vi } from 'vitest';
import type { WriteResult } from '../../schemas/core.ts';
import { append, unit } from '../contract/fixtures.ts';
import type { Cut } from './cutting-proxy.ts';
import { isCommit, useProxiedStorage } from './use-proxied-storage.contract.ts';
import { testServers } from './test-place.ts';

for (const { name, url: server, reason } of testServers) {
  describe.skipIf(server === undefined)(`rows that tell the outcome of commits on ${name}${reason}`, { timeout: 60_000 }, () => {
    const proxied = useProxiedStorage(server);

    it('of which one was never learned do not keep those of later commits', async () => {
      let isOver = false;
      const decide = (packet: Buffer): Cut => {
        if (isOver) return 'before';
        isOver = isCommit(packet);
        return isOver ? 'after' : 'not';
      };
      const storage = await proxied.open(decide, { retrySeconds: 0.3 });
      const write = (): Promise<WriteResult> => storage.events.write(unit('w', { appends: [append('s', [1])] }));
      await expect(write()).rejects.toMatchObject({ code: 'failed' });
      proxied.cutting(false);
      for (let i = 0; i < 200; i++) await write();
      const [rows] = await proxied.place().query('select count(*) as n from commits');
      expect(Number(rows?.['n'])).toBeLessThan(100);
    });

    it('of processes that ended are removed by the writes of others after a day, looking at most hourly', async () => {
      const storage = await proxied.open(() => 'not');
      const write = (): Promise<WriteResult> => storage.events.write(unit('w', { appends: [append('s', [1])] }));
      const hour = 3_600_000;
      const later = Date.now() + 2 * hour;
      const left = async (): Promise<readonly unknown[]> =>
        (await proxied.place().query("select seq from commits where writer = 'gone' order by seq")).map(({ seq }) => seq);
      const leave = (seq: number, age: number): Promise<unknown> =>
        proxied.place().query('insert into commits (writer, seq, committed, written_at) values (?, ?, 1, ?)', ['gone', seq, later - age]);
      await leave(1, 25 * hour);
      await leave(2, 22 * hour);
      await write();
      expect(await left()).toEqual([1, 2]);
      const clock = vi.spyOn(Date, 'now').mockReturnValue(later);
      await write();
      await vi.waitFor(async () => expect(await left()).toEqual([2]));
      await leave(3, 25 * hour);
      clock.mockReturnValue(later + hour / 2);
      await write();
      expect(await left()).toEqual([2, 3]);
      clock.mockReturnValue(later + hour);
      await write();
      await vi.waitFor(async () => expect(await left()).toEqual([2]));
    });
  });
}
