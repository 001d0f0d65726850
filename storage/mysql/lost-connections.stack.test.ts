import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Position, Storage, WriteResult } from '../../schemas/core.ts';
import type { Place } from '../contract/backend.ts';
import { append, succeeded, unit } from '../contract/fixtures.ts';
import { type Cut, type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
import { openMysqlStorage } from './open.ts';
import { mysqlPlace, testServers } from './test-place.ts';

const WRITERS = 5;
const UNITS = 40;
const owner = { owner: 'me', host: 'here', boot: 'now', pid: 1 };

const isCommit = (packet: Buffer): boolean => packet.subarray(-6).toString('latin1') === 'commit';

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
    let place: Place & { readonly url: string };
    let direct: Storage;
    let proxy: CuttingProxy;
    let storage: Storage;
    let cutting = false;

    beforeEach(async () => {
      place = await mysqlPlace(server);
      direct = await openMysqlStorage({ url: place.url });
    });
    afterEach(async () => {
      cutting = false;
      await storage.close();
      await proxy.close();
      await direct.close();
      await place.remove();
    });
    const openThroughProxy = async (decide: (packet: Buffer) => Cut, retrySeconds = 60): Promise<void> => {
      proxy = await cuttingProxy(place.url, (packet) => (cutting ? decide(packet) : 'not'));
      storage = await openMysqlStorage({ url: proxy.url, retrySeconds });
      cutting = true;
    };

    it.each(schedules)('$name: every write happens exactly once, and what callers are told is true', async ({ decide }) => {
      await openThroughProxy(decide());
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
          const offset = { sourceId: 's', incarnation: 1, topic: 't', partition: 0, nextOffset: i + 1 };
          const records = [{ recordId: `r${i}`, origin, key: null, body: '{}', receivedAt: 0 }];
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
      cutting = false;
      expect(proxy.cuts().before + proxy.cuts().after).toBeGreaterThan(5);
      expect(fences).toEqual(Array.from({ length: UNITS }, (_, i) => i + 1));
      expect(counts).toEqual(Array.from({ length: UNITS }, () => 1));
      // From here on as everybody else sees it.
      const log = await direct.events.readLog('w', 'ledger');
      expect(log.map(({ position }) => position.n)).toEqual(Array.from({ length: 2 * WRITERS * UNITS }, (_, i) => i + 1));
      const common = (await direct.events.readStream('w', 'common')).map(({ data }) => data);
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
      expect((await direct.inbox.counts('w', 's')).pending).toBe(UNITS);
      await storage.close();
      expect(await place.query('select count(*) as n from commits')).toEqual([{ n: 0 }]);
    });

    it('for longer than is waited are an error that names the server, and the next write works', async () => {
      await openThroughProxy(() => 'before', 0.5);
      const write = (): Promise<WriteResult> => storage.events.write(unit('w', { appends: [append('s', [1])] }));
      const error: unknown = await write().catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: 'failed',
        message: expect.stringMatching(/on the MySQL server 127\.0\.0\.1:\d+ could not be reached for 0\.5 s: /),
      });
      await expect(storage.events.head('w', 'ledger')).rejects.toMatchObject({ code: 'failed' });
      cutting = false;
      expect(await write()).toEqual({ status: 'written', positions: [{ log: 'ledger', n: 1 }] });
    });

    it('in the middle of a rebuild or of catching up do not change what comes of it', async () => {
      await openThroughProxy(() => (Math.random() < 0.03 ? 'after' : 'not'));
      cutting = false;
      for (let i = 0; i < 5; i++) {
        const data = {
          evaluationId: `e${i}`,
          set: 's',
          setVersion: 'v',
          split: null,
          n: 1,
          variants: [],
          options: {},
          notes: [],
          runs: 1,
          at: i,
        };
        await storage.events.write(
          unit('w', {
            appends: [
              append(
                `evaluation/e${i}`,
                Array.from({ length: 200 }, () => data),
              ),
            ],
          }),
        );
      }
      await direct.projections.catchUp('w');
      const before = await direct.projections.status('w');
      cutting = true;
      expect((await storage.projections.rebuild('w')).map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
      await storage.projections.catchUp('w');
      cutting = false;
      expect(await direct.projections.status('w')).toEqual(before);
    });
  });
}
