import { describe, expect, it, vi } from 'vitest';
import { append, resultRecorded, unit } from '../contract/fixtures.ts';
import type { Executor } from '../database.ts';
import { rowsOf } from '../prepared-query.ts';
import type { Cut } from './cutting-proxy.ts';
import { isCommit, onceWhere, useProxiedStorage } from './use-proxied-storage.contract.ts';
import { testServers } from './test-place.ts';

const WRITERS = 5;
const ANSWER_LIMIT_MS = 1000;
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

/** Where the work of a session falls silent, once; and the making of a connection. */
const phases = [
  { name: 'while one is made', met: '_password' },
  { name: 'while a table is made', met: 'create temporary table' },
  { name: 'while all rows are exchanged', met: 'insert into results ' },
  { name: 'while rows are streamed', met: 'from results where' },
].flatMap(({ name, met }) =>
  (['silent before', 'silent after'] as const).map((cut) => ({ name, cut, isMet: (packet: Buffer) => packet.includes(met) })),
);

for (const { name, url: server, reason } of testServers) {
  describe.skipIf(server === undefined)(`connections to ${name} that fall silent${reason}`, { timeout: 60_000 }, () => {
    const proxied = useProxiedStorage(server);

    it.each(silences)('$name fall silent: writes go on over another one, each exactly once', async ({ isMet, cut }) => {
      const storage = await proxied.open(onceWhere(isMet, cut), { answerLimitSeconds: ANSWER_LIMIT_MS / 1000 });
      proxied.cutting(false);
      // Idle connections that the silence makes suspicious.
      await Promise.all(Array.from({ length: 4 }, () => storage.events.head('w', 'ledger')));
      proxied.cutting(true);
      const began = performance.now();
      const write = async (writer: string): Promise<void> => {
        for (let i = 0; i < 5; i++) {
          const appends = [append(writer, [i]), append('common', [`${writer}/${i}`])];
          expect(await storage.events.write(unit('w', { appends }))).toMatchObject({ status: 'written' });
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, (_, w) => write(`writer-${w}`)));
      expect(proxied.proxy().cuts()[cut]).toBe(1);
      expect(performance.now() - began).toBeGreaterThan(ANSWER_LIMIT_MS * 0.9);
      expect(performance.now() - began).toBeLessThan(ANSWER_LIMIT_MS + A_BIT_MS);
      const log = await proxied.direct().events.readLog('w', 'ledger');
      expect(log.map(({ position }) => position.n)).toEqual(Array.from({ length: 2 * WRITERS * 5 }, (_, i) => i + 1));
      const common = (await proxied.direct().events.readStream('w', 'common')).map(({ data }) => data);
      expect(new Set(common).size).toBe(WRITERS * 5);
      expect(common.length).toBe(WRITERS * 5);
    });

    it('all fall silent at once: that costs one wait, not one for each', async () => {
      const storage = await proxied.open(() => 'not', { answerLimitSeconds: ANSWER_LIMIT_MS / 1000 });
      await Promise.all(Array.from({ length: 6 }, () => storage.events.head('w', 'ledger')));
      proxied.proxy().hush();
      const began = performance.now();
      for (let i = 0; i < 3; i++) await storage.events.write(unit('w', { appends: [append('s', [i])] }));
      expect(performance.now() - began).toBeGreaterThan(ANSWER_LIMIT_MS * 0.9);
      expect(performance.now() - began).toBeLessThan(ANSWER_LIMIT_MS + A_BIT_MS);
      expect((await proxied.direct().events.readStream('w', 's')).map(({ data }) => data)).toEqual([0, 1, 2]);
    });

    it('that fall silent before they are ready to be used are not waited for', async () => {
      const storage = await proxied.open(
        onceWhere((packet) => packet.includes('set session'), 'silent before'),
        { answerLimitSeconds: ANSWER_LIMIT_MS / 1000 },
      );
      const heads = await Promise.all(Array.from({ length: 4 }, () => storage.events.head('w', 'ledger')));
      expect(proxied.proxy().cuts()['silent before']).toBe(1);
      expect(heads).toEqual([0, 0, 0, 0]);
    });

    it.each(phases)('$name ($cut): it is noticed, and what was asked is asked again', async ({ isMet, cut }) => {
      const options = { answerLimitSeconds: ANSWER_LIMIT_MS / 1000 };
      const storage = await proxied.open(onceWhere(isMet, cut), options);
      const events = Array.from({ length: 3 }, (_, i) => resultRecorded({ sampleId: `s-${i}` }));
      await proxied
        .direct()
        .events.write(unit('w', { appends: [{ log: 'ledger', stream: 'evaluation/e2', expected: { any: true }, events }] }));
      await proxied.direct().projections.catchUp('w');
      const began = performance.now();
      await storage.projections.rebuild('w', { name: 'results' });
      // Fewer connections than there are statements: whoever waits in line is served as well.
      await Promise.all(Array.from({ length: 20 }, () => storage.events.head('w', 'ledger')));
      expect(proxied.proxy().cuts()[cut]).toBe(1);
      expect(performance.now() - began).toBeLessThan(2 * ANSWER_LIMIT_MS + A_BIT_MS);
      const status = await storage.projections.status('w');
      expect(status.find(({ name: each }) => each === 'results')).toMatchObject({ rows: 3, checkpoint: 3 });
      expect(status).toEqual(await proxied.direct().projections.status('w'));
    });

    it.each(['silent before', 'silent after'] as const)(
      'while the tables are locked for changes (%s): they are locked again',
      async (cut) => {
        const isLock = (packet: Buffer): boolean => packet.includes("get_lock(concat('riskflow ");
        const database = await proxied.openDatabase(onceWhere(isLock, cut), { answerLimitSeconds: ANSWER_LIMIT_MS / 1000 });
        const began = performance.now();
        const ask = (on: Executor): Promise<readonly unknown[]> => rowsOf(on, 'select 7 as seven', []);
        expect(await database.alone(ask)).toEqual([{ seven: 7 }]);
        expect(proxied.proxy().cuts()[cut]).toBe(1);
        expect(performance.now() - began).toBeLessThan(2 * ANSWER_LIMIT_MS + A_BIT_MS);
      },
    );

    it('are not those on which the server takes its time: a statement of a session that may is waited for', async () => {
      const database = await proxied.openDatabase(() => 'not', { answerLimitSeconds: 1 });
      const began = performance.now();
      // What sleeps and is ended answers 1, or fails.
      const slept = await database.session(({ connection }) => rowsOf(connection, 'select sleep(3.2) as ended', []), { once: true });
      expect(slept).toEqual([{ ended: 0 }]);
      expect(performance.now() - began).toBeGreaterThan(3000);
    });

    it('are closed all the same, and nothing is left of them that keeps a process alive', async () => {
      const storage = await proxied.open(() => 'not', { answerLimitSeconds: ANSWER_LIMIT_MS / 1000, retrySeconds: 1 });
      await Promise.all(Array.from({ length: 4 }, () => storage.events.head('w', 'ledger')));
      expect(proxied.proxy().clients()).toBeGreaterThan(1);
      proxied.proxy().hush();
      await storage.close();
      await vi.waitFor(() => expect(proxied.proxy().clients()).toBe(0), 5000);
    });
  });
}
