import { describe, expect, it } from 'vitest';
import { append, unit } from '../contract/fixtures.ts';
import { cuttingProxy } from './cutting-proxy.ts';
import { openMysqlStorage } from './open.ts';
import { mysqlPlace, testServers } from './test-place.ts';

for (const { name, url: server, reason } of testServers) {
  describe.skipIf(server === undefined)(`round trips to ${name}${reason}`, { timeout: 60_000 }, () => {
    it('of a commit are three, however many units share it: what is there, the numbers, all rows with the commit; of a new result, one', async () => {
      const place = await mysqlPlace(server);
      const packets: string[] = [];
      const proxy = await cuttingProxy(place.url, (packet) => {
        packets.push(packet.toString('latin1'));
        return 'not';
      });
      const storage = await openMysqlStorage({ url: proxy.url });
      const write = (stream: string): Promise<unknown> =>
        storage.events.write(unit('w', { appends: [append(stream, [1, 2])], claims: [{ scope: 's', key: stream, value: 'v' }] }));
      // Makes the counter, and the connection.
      await write('first');
      packets.length = 0;
      await storage.events.write(unit('w', { appends: [append('alone', [1])] }));
      expect(packets.map((packet) => /start transaction|update counters|commit$/.exec(packet)?.[0])).toEqual([
        'start transaction',
        'update counters',
        'commit',
      ]);
      packets.length = 0;
      await Promise.all(Array.from({ length: 50 }, (_, i) => write(`many-${i}`)));
      // Claims are looked up as well.
      expect(packets.filter((packet) => packet.endsWith('commit')).length).toBe(1);
      expect(packets.length).toBeLessThanOrEqual(4);
      packets.length = 0;
      const result = {
        status: 'succeeded',
        outputs: {},
        usage: { inputTokens: null, outputTokens: null, cost: null, calls: 0 },
        elapsedMs: 1,
        reused: false,
      } as const;
      const put = (text: string): Promise<unknown> =>
        storage.effects.put('w', { runId: 'r', effectId: 'e', result: { ...result, outputs: { text } } });
      // A result that is new is one round trip; one that is there is found by looking for it after all.
      expect(await put('first')).toMatchObject({ outputs: { text: 'first' } });
      expect(packets.length).toBe(1);
      expect(await put('second')).toMatchObject({ outputs: { text: 'first' } });
      await storage.close();
      await proxy.close();
      await place.remove();
    });
  });
}
