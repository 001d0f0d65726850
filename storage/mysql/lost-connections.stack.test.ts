import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Position, Storage, WriteResult } from '../../schemas/core.ts';
import type { Place } from '../contract/backend.ts';
import { append, succeeded, unit } from '../contract/fixtures.ts';
import { type Cut, type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
import { type MysqlOptions, openMysqlStorage } from './open.ts';
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

const ANSWER_LIMIT_MS = 1500;
/** What else a write may take on a machine that is busy. */
const A_BIT_MS = 5000;

/** Where a connection falls silent, once. */
const silences: readonly { readonly name: string; readonly isMet: (packet: Buffer) => boolean; readonly cut: Exclude<Cut, 'not'> }[] = [
  {
    name: 'in the middle of a transaction',
    isMet: (packet) => packet.includes('start transaction') && !isCommit(packet),
    cut: 'silent before',
  },
  {
    name: 'in a transaction that holds locks',
    isMet: (packet) => packet.includes('counters') && !isCommit(packet),
    cut: 'silent after',
  },
  { name: 'before a commit arrives', isMet: isCommit, cut: 'silent before' },
  { name: 'between a commit and its answer', isMet: isCommit, cut: 'silent after' },
];

const onceWhere = (isMet: (packet: Buffer) => boolean, cut: Cut): ((packet: Buffer) => Cut) => {
  let isDone = false;
  return (packet) => {
    if (isDone || !isMet(packet)) return 'not';
    isDone = true;
    return cut;
  };
};

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
    const openThroughProxy = async (decide: (packet: Buffer) => Cut, options: Partial<MysqlOptions> = {}): Promise<void> => {
      proxy = await cuttingProxy(place.url, (packet) => (cutting ? decide(packet) : 'not'));
      storage = await openMysqlStorage({ url: proxy.url, retrySeconds: 60, ...options });
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
      await openThroughProxy(() => 'before', { retrySeconds: 0.5 });
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

    it.each(silences)('$name fall silent: writes go on over another one, each exactly once', async ({ isMet, cut }) => {
      await openThroughProxy(onceWhere(isMet, cut), { answerLimitSeconds: ANSWER_LIMIT_MS / 1000 });
      cutting = false;
      // Idle connections that the silence makes suspicious.
      await Promise.all(Array.from({ length: 4 }, () => storage.events.head('w', 'ledger')));
      cutting = true;
      const began = performance.now();
      const write = async (writer: string): Promise<void> => {
        for (let i = 0; i < 5; i++) {
          const appends = [append(writer, [i]), append('common', [`${writer}/${i}`])];
          expect(await storage.events.write(unit('w', { appends }))).toMatchObject({ status: 'written' });
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, (_, w) => write(`writer-${w}`)));
      expect(proxy.cuts()[cut]).toBe(1);
      expect(performance.now() - began).toBeGreaterThan(ANSWER_LIMIT_MS * 0.9);
      expect(performance.now() - began).toBeLessThan(ANSWER_LIMIT_MS + A_BIT_MS);
      const log = await direct.events.readLog('w', 'ledger');
      expect(log.map(({ position }) => position.n)).toEqual(Array.from({ length: 2 * WRITERS * 5 }, (_, i) => i + 1));
      const common = (await direct.events.readStream('w', 'common')).map(({ data }) => data);
      expect(new Set(common).size).toBe(WRITERS * 5);
      expect(common.length).toBe(WRITERS * 5);
    });

    it('all fall silent at once: that costs one wait, not one for each', async () => {
      await openThroughProxy(() => 'not', { answerLimitSeconds: ANSWER_LIMIT_MS / 1000 });
      await Promise.all(Array.from({ length: 6 }, () => storage.events.head('w', 'ledger')));
      proxy.hush();
      const began = performance.now();
      for (let i = 0; i < 3; i++) await storage.events.write(unit('w', { appends: [append('s', [i])] }));
      expect(performance.now() - began).toBeGreaterThan(ANSWER_LIMIT_MS * 0.9);
      expect(performance.now() - began).toBeLessThan(ANSWER_LIMIT_MS + A_BIT_MS);
      expect((await direct.events.readStream('w', 's')).map(({ data }) => data)).toEqual([0, 1, 2]);
    });

    it('that fall silent before they are ready to be used are not waited for', async () => {
      await openThroughProxy(onceWhere((packet) => packet.includes('set session'), 'silent before'));
      const heads = await Promise.all(Array.from({ length: 4 }, () => storage.events.head('w', 'ledger')));
      expect(proxy.cuts()['silent before']).toBe(1);
      expect(heads).toEqual([0, 0, 0, 0]);
    });

    it('whose outcome was never learned do not keep rows of later commits', async () => {
      let isOver = false;
      const decide = (packet: Buffer): Cut => {
        if (isOver) return 'before';
        isOver = isCommit(packet);
        return isOver ? 'after' : 'not';
      };
      await openThroughProxy(decide, { retrySeconds: 0.3 });
      const write = (): Promise<WriteResult> => storage.events.write(unit('w', { appends: [append('s', [1])] }));
      await expect(write()).rejects.toMatchObject({ code: 'failed' });
      cutting = false;
      for (let i = 0; i < 200; i++) await write();
      const [rows] = await place.query('select count(*) as n from commits');
      expect(Number(rows?.['n'])).toBeLessThan(100);
    });

    it('of processes that ended leave rows that the writes of others remove after a day, looking at most hourly', async () => {
      await openThroughProxy(() => 'not');
      const write = (): Promise<WriteResult> => storage.events.write(unit('w', { appends: [append('s', [1])] }));
      const hour = 3_600_000;
      const later = Date.now() + 2 * hour;
      const left = async (): Promise<readonly unknown[]> =>
        (await place.query("select seq from commits where writer = 'gone' order by seq")).map(({ seq }) => seq);
      const leave = (seq: number, age: number): Promise<unknown> =>
        place.query('insert into commits (writer, seq, committed, written_at) values (?, ?, 1, ?)', ['gone', seq, later - age]);
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

    // A known fault, to be mended: about one run in three on MySQL never ends.
    it.skip('in the middle of a rebuild or of catching up do not change what comes of it (left out: it sometimes hangs on MySQL)', async () => {
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
