import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Database, Executor } from '../database.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { openMysqlDatabase } from './open.ts';
import { onceWhere, useProxiedStorage } from './use-proxied-storage.contract.ts';
import { testServers } from './test-place.ts';

const ANSWER_LIMIT_S = 1;

const sessionOf = async (on: Executor): Promise<number> =>
  Number((await rowsOf<{ readonly id: number }>(on, 'select connection_id() as id', []))[0]?.id);

for (const { name, url: server, reason } of testServers) {
  describe.skipIf(server === undefined)(`sessions on ${name} that stand still${reason}`, { timeout: 60_000 }, () => {
    const proxied = useProxiedStorage(server);
    const children: ChildProcess[] = [];
    const opened: Database[] = [];
    const killed: number[] = [];

    beforeEach(async () => {
      killed.length = 0;
      await proxied.place().query('create table stalled (id int primary key, n int not null, who varchar(200) not null)');
      await proxied.place().query("insert into stalled values (1, 0, ''), (2, 0, '')");
    });
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      for (const database of opened.splice(0)) await database.close();
    });
    const open = async (): Promise<Database> => {
      const database = await openMysqlDatabase({ url: proxied.place().url, answerLimitSeconds: ANSWER_LIMIT_S });
      opened.push(database);
      return database;
    };
    const liveSessions = async (): Promise<readonly number[]> =>
      (await proxied.place().query('show processlist')).map(({ Id }) => Number(Id));
    const row = async (id: number): Promise<unknown> =>
      (await proxied.place().query('select n, trim(who) as who from stalled where id = ?', [id]))[0];
    /** Falls silent once the statement `stall here` has arrived; notes who is killed. */
    const openStalling = (): Promise<Database> => {
      const stall = onceWhere((packet) => packet.includes('stall here'), 'silent after');
      return proxied.openDatabase(
        (packet) => {
          const kill = /kill (\d+)/.exec(packet.toString('latin1'));
          if (kill !== null) killed.push(Number(kill[1]));
          return stall(packet);
        },
        { answerLimitSeconds: ANSWER_LIMIT_S },
      );
    };
    /** Adds one to a row, in a session that the server would not end by itself for a long time. */
    const addOne = async (trx: Executor, id: number, who: string): Promise<number> => {
      const session = await sessionOf(trx);
      await execute(trx, 'set session wait_timeout = 600');
      await execute(trx, `update stalled set n = n + 1, who = concat(who, ' ${who}') where id = ? /* ${who} */`, [id]);
      return session;
    };

    it('and were given up are killed, with their locks, and what they did is undone', async () => {
      const database = await openStalling();
      const sessions: number[] = [];
      const work = database.transaction(async (trx) => {
        sessions.push(await sessionOf(trx));
        await addOne(trx, 1, sessions.length === 1 ? 'stall here' : 'again');
      });
      // The server did the work of the first attempt, and holds its lock.
      await vi.waitFor(() => expect(proxied.proxy().cuts()['silent after']).toBe(1), 5000);
      const [stalled] = sessions;
      expect(await liveSessions()).toContain(stalled);
      await expect(proxied.place().query('select n from stalled where id = 1 for update nowait')).rejects.toThrow(/lock/i);
      await work;
      expect(killed).toEqual([stalled]);
      expect(sessions.length).toBe(2);
      expect(await row(1)).toEqual({ n: 1, who: 'again' });
      await vi.waitFor(async () => expect(await liveSessions()).not.toContain(stalled));
    });

    it('are the only ones that are killed: what is slow beside them goes on', async () => {
      const database = await openStalling();
      let slowAttempts = 0;
      // Twice as long as an answer may take, in a transaction of short statements and in one long statement of a session.
      const slow = database.transaction(async (trx) => {
        slowAttempts++;
        const session = await addOne(trx, 2, 'slow');
        for (let i = 0; i < 4; i++) expect(await rowsOf(trx, 'select sleep(0.5) as ended', [])).toEqual([{ ended: 0 }]);
        expect(await sessionOf(trx)).toBe(session);
      });
      const long = database.session(({ connection }) => rowsOf(connection, 'select sleep(2) as ended', []), { once: true });
      let stalled: number | undefined;
      const other = database.transaction(async (trx) => {
        const who = stalled === undefined ? 'stall here' : 'again';
        stalled ??= await sessionOf(trx);
        await addOne(trx, 1, who);
      });
      await Promise.all([slow, other]);
      expect(await long).toEqual([{ ended: 0 }]);
      expect(killed).toEqual([stalled]);
      expect(slowAttempts).toBe(1);
      expect([await row(1), await row(2)]).toEqual([
        { n: 1, who: 'again' },
        { n: 1, who: 'slow' },
      ]);
    });

    it('since their process was stopped are ended by the server: others go on, and it does its work again when it goes on', async () => {
      const script = fileURLToPath(new URL('./stalled-process.ts', import.meta.url));
      const args = ['--disable-warning=ExperimentalWarning', script, '--url', proxied.place().url, '--answer-limit', `${ANSWER_LIMIT_S}`];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(child);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
      expect(await next()).toMatchObject({ attempt: 1 });
      child.kill('SIGSTOP');
      const database = await open();
      const began = performance.now();
      await database.transaction(async (trx) => {
        await execute(trx, "update stalled set n = n + 10, who = concat(who, ' the other') where id = 1");
      });
      expect(performance.now() - began).toBeLessThan(ANSWER_LIMIT_S * 1000 + 5000);
      expect(await row(1)).toEqual({ n: 10, who: 'the other' });
      child.kill('SIGCONT');
      child.stdin.write('go on\n');
      expect([await next(), await next()]).toMatchObject([{ attempt: 2 }, { committed: 2 }]);
      await once(child, 'close');
      expect(await row(1)).toEqual({ n: 11, who: 'the other the stopped one' });
    });
  });
}
