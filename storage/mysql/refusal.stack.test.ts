import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRiskflowError } from '../../schemas/core.ts';
import type { Place } from '../contract/backend.ts';
import { openMysqlStorage } from './open.ts';
import { mysqlPlace, testServers } from './test-place.ts';

const PASSWORD = 'Wr0ng-and-secret';

for (const { name, url: server, reason } of testServers) {
  describe.skipIf(server === undefined)(`what ${name} refuses is told${reason}`, () => {
    let place: Place & { readonly url: string };
    let user: string;
    beforeAll(async () => {
      place = await mysqlPlace(server);
      user = `u${new URL(place.url).pathname.slice(-12)}`;
      await place.query(`create user '${user}'@'%' identified by '${PASSWORD}-not'`);
    });
    afterAll(async () => {
      await place.query(`drop user '${user}'@'%'`);
      await place.remove();
    });
    const host = (): string => new URL(place.url).host;
    const database = (): string => new URL(place.url).pathname.slice(1);
    const address = (change: (url: URL) => void): string => {
      const url = new URL(place.url);
      change(url);
      return url.href;
    };
    const told = async (url: string): Promise<{ readonly message: string; readonly hint: string | undefined }> => {
      const error: unknown = await openMysqlStorage({ url, retrySeconds: 0, answerLimitSeconds: 5 }).then(
        (storage) => storage.close(),
        (caught: unknown) => caught,
      );
      if (!isRiskflowError(error)) throw new Error('nothing was refused', { cause: error });
      expect(JSON.stringify([error.message, error.hint])).not.toContain(PASSWORD);
      return { message: error.message, hint: error.hint };
    };

    it.each([
      { password: PASSWORD, using: 'YES' },
      { password: '', using: 'NO' },
    ])('a wrong or missing password ($using): who, where, and which settings', async ({ password, using }) => {
      const url = address((to) => Object.assign(to, { username: user, password }));
      const { message, hint } = await told(url);
      expect(message).toContain(`the database ${database()} on the MySQL server ${host()} cannot be opened as user ${user}: Access denied`);
      expect(message).toContain(`using password: ${using}`);
      for (const setting of ['RISKFLOW_MYSQL_URL', 'RISKFLOW_MYSQL_PASSWORD', 'storage.mysql.url', 'passwordEnv', 'passwordFile']) {
        expect(hint).toContain(setting);
      }
    });

    it('a user without rights on the database', async () => {
      const url = address((to) => Object.assign(to, { username: user, password: `${PASSWORD}-not` }));
      expect((await told(url)).hint).toBe(`give the user rights on it: GRANT ALL ON ${database()}.* TO ${user}`);
    });

    it('a database that is not there', async () => {
      const url = address((to) => (to.pathname = '/riskflow_test_none'));
      expect(await told(url)).toEqual({
        message: expect.stringContaining(`the database riskflow_test_none on the MySQL server ${host()} cannot be opened as user`),
        hint: 'make it (CREATE DATABASE riskflow_test_none), or name another one in RISKFLOW_MYSQL_URL or storage.mysql.url',
      });
    });

    it('a port where nobody listens', async () => {
      const url = address((to) => (to.port = '1'));
      expect(await told(url)).toEqual({
        message: expect.stringContaining('127.0.0.1:1 cannot be opened'),
        hint: 'start the server, or mend host and port in RISKFLOW_MYSQL_URL or storage.mysql.url',
      });
    });

    it('a user with the rights for running only: an empty database wants `migrate` by another, whose tables will do', async () => {
      const running = `r${user.slice(1)}`;
      await place.query(`create user '${running}'@'%' identified by '${PASSWORD}'`);
      try {
        const url = address((to) => Object.assign(to, { username: running, password: PASSWORD }));
        const grants = `on ${database()}.* to '${running}'@'%'`;
        await place.query(`grant select, insert, update, delete, create temporary tables ${grants}`);
        const { message, hint } = await told(url);
        expect(message).toContain(`${host()} grants user ${running} too little: CREATE command denied`);
        expect(hint).toContain('run `riskflow migrate` (or `restore`) once as a user that may create, alter, drop and index');
        await (await openMysqlStorage({ url: place.url })).close();
        const storage = await openMysqlStorage({ url });
        await place.query(`revoke select ${grants.replace(' to ', ' from ')}`);
        expect((await told(url)).hint).toContain('give the user select, insert');
        await place.query(`grant select ${grants}`);
        await place.query(`rename table ${database()}.events to ${database()}.events_gone`);
        await expect(storage.events.readStream('w', 'ledger', { afterVersion: 0, limit: 1 })).rejects.toMatchObject({
          code: 'failed',
          message: expect.stringContaining('has not the tables that are expected'),
          hint: expect.stringContaining('riskflow doctor'),
        });
        await storage.close();
      } finally {
        await place.query(`drop user '${running}'@'%'`);
      }
    });

    it('a password that is changed while it is open, to the next that needs a connection', async () => {
      await place.query(`grant all on ${database()}.* to '${user}'@'%'`);
      const url = address((to) => Object.assign(to, { username: user, password: `${PASSWORD}-not` }));
      const storage = await openMysqlStorage({ url, answerLimitSeconds: 5 });
      await place.query(`alter user '${user}'@'%' identified by 'another'`);
      const refused = await Promise.allSettled(Array.from({ length: 3 }, () => storage.events.head('w', 'ledger')));
      const reasons = refused.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
      expect(reasons.length).toBeGreaterThan(0);
      for (const error of reasons)
        expect(error).toMatchObject({ code: 'failed', hint: expect.stringContaining('RISKFLOW_MYSQL_PASSWORD') });
      await storage.close();
    });
  });
}
