import { bareOffset, bareRecord } from '../contract/inbox-fixtures.ts';
import { describe, expect, it } from 'vitest';
import type { Position, WriteResult } from '../../schemas/core.ts';
import { append, resultRecorded, succeeded, unit } from '../contract/fixtures.ts';
import type { Cut } from './cutting-proxy.ts';
import { isCommit, onceWhere, useProxiedStorage } from './use-proxied-storage.contract.ts';
import { testServers } from './test-place.ts';

const WRITERS = 5;
const UNITS = 40;
const owner = { owner: 'me', host: 'here', boot: 'now', pid: 1 };

const schedules: readonly { readonly name: string; readonly decide: () => (packet: Buffer) => Cut }[] = [
  {
    name: 'at random moments',
    decide: () => () => (Math.random() < 0.04 ? 'before' : Math.random() < 0.04 ? 'after' : 'not'),
  },
  {
    name: 'between a commit and its answer',
    decide: () => (packet) => (isCommit(packet) && Math.random() < 0.4 ? 'after' : 'not'),
  },
  {
    name: 'before a commit arrives',
    decide: () => (packet) => (isCommit(packet) && Math.random() < 0.4 ? 'before' : 'not'),
  },
];

for (const { name, url: server, reason } of testServers) {
  describe.skipIf(server === undefined)(`connections to ${name} that are cut${reason}`, { timeout: 120_000 }, () => {
    const proxied = useProxiedStorage(server);

    it.each(schedules)('$name: every write happens exactly once, and what callers are told is true', async ({ decide }) => {
      const storage = await proxied.open(decide());
      const told: { readonly writer: string; readonly i: number; readonly result: WriteResult }[] = [];
      const write = async (writer: string): Promise<void> => {
        for (let i = 0; i < UNITS; i++) {
          const appends = [append(writer, [i]), append('common', [`${writer}/${i}`])];
          const result = await storage.events.write(
            unit('w', { appends, claims: [{ scope: 'unit', key: `${writer}/${i}`, value: 'mine' }] }),
          );
          told.push({ writer, i, result });
          expect(await storage.effects.put('w', { runId: writer, effectId: String(i), result: succeeded(`${i}`) })).toMatchObject({
            outputs: { text: `${i}` },
          });
        }
      };
      const takeTurns = async (): Promise<readonly number[]> => {
        const fences: number[] = [];
        for (let i = 0; i < UNITS; i++) {
          const taken = await storage.leases.take('w', 'turn', owner, { now: 1000 + i, ttlMs: 10, isDead: () => true });
          if (taken.status === 'taken') fences.push(taken.fence.fence);
        }
        return fences;
      };
      const takeIn = async (): Promise<readonly number[]> => {
        const counts: number[] = [];
        for (let i = 0; i < UNITS; i++) {
          const origin = { sourceId: 's', incarnation: 1, topic: 't', partition: 0, offset: i };
          const offset = bareOffset({ sourceId: 's', incarnation: 1, topic: 't', partition: 0, nextOffset: i + 1 });
          const records = [bareRecord(`r${i}`, origin)];
          const accepted = await storage.inbox.accept('w', { records, deadLetters: [], offset });
          counts.push(accepted.status === 'accepted' ? accepted.records : -1);
        }
        return counts;
      };
      const [fences, counts] = await Promise.all([
        takeTurns(),
        takeIn(),
        ...Array.from({ length: WRITERS }, (_, w) => write(`writer-${w}`)),
      ]);
      proxied.cutting(false);
      expect(proxied.proxy().cuts().before + proxied.proxy().cuts().after).toBeGreaterThan(5);
      expect(fences).toEqual(Array.from({ length: UNITS }, (_, i) => i + 1));
      expect(counts).toEqual(Array.from({ length: UNITS }, () => 1));
      // From here on as everybody else sees it.
      const log = await proxied.direct().events.readLog('w', 'ledger');
      expect(log.map(({ position }) => position.n)).toEqual(Array.from({ length: 2 * WRITERS * UNITS }, (_, i) => i + 1));
      const common = (await proxied.direct().events.readStream('w', 'common')).map(({ data }) => data);
      expect(new Set(common).size).toBe(WRITERS * UNITS);
      expect(common.length).toBe(WRITERS * UNITS);
      const at = new Map(log.map((event) => [event.position.n, event]));
      for (const { writer, i, result } of told) {
        const positions: readonly Position[] = result.status === 'written' ? result.positions : [];
        expect(positions.map(({ n }) => [at.get(n)?.stream, at.get(n)?.data])).toEqual([
          [writer, i],
          ['common', `${writer}/${i}`],
        ]);
      }
      expect((await proxied.direct().inbox.counts('w', 's')).pending).toBe(UNITS);
      await storage.close();
      expect(await proxied.place().query('select count(*) as n from commits')).toEqual([{ n: 0 }]);
    });

    it('for longer than is waited are an error that names the server, and the next write works', async () => {
      const storage = await proxied.open(() => 'before', { retrySeconds: 0.5 });
      const write = (): Promise<WriteResult> => storage.events.write(unit('w', { appends: [append('s', [1])] }));
      const error: unknown = await write().catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: 'failed',
        message: expect.stringMatching(/on the MySQL server 127\.0\.0\.1:\d+ could not be reached for 0\.5 s: /),
      });
      await expect(storage.events.head('w', 'ledger')).rejects.toMatchObject({ code: 'failed' });
      proxied.cutting(false);
      expect(await write()).toEqual({ status: 'written', positions: [{ log: 'ledger', n: 1 }] });
    });

    it.each(['before', 'after'] as const)('while rows of a table are streamed (%s they are asked for) are heard of', async (cut) => {
      const storage = await proxied.open(onceWhere((packet) => packet.includes('from results where'), cut));
      const status = await storage.projections.status('w');
      expect(proxied.proxy().cuts()[cut]).toBe(1);
      expect(status).toEqual(await proxied.direct().projections.status('w'));
    });

    it('in the middle of a rebuild or of catching up do not change what comes of it', async () => {
      const storage = await proxied.open(() => (Math.random() < 0.03 ? 'after' : 'not'));
      proxied.cutting(false);
      for (let i = 0; i < 5; i++) {
        const events = Array.from({ length: 200 }, (_, k) => resultRecorded({ sampleId: `s-${i}-${k}` }));
        await storage.events.write(unit('w', { appends: [{ log: 'ledger', stream: 'evaluation/e2', expected: { any: true }, events }] }));
      }
      await proxied.direct().projections.catchUp('w');
      const before = await proxied.direct().projections.status('w');
      proxied.cutting(true);
      expect((await storage.projections.rebuild('w')).map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
      await storage.projections.catchUp('w');
      proxied.cutting(false);
      expect(await proxied.direct().projections.status('w')).toEqual(before);
    });
  });
}
