import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Storage, WriteResult } from '../../schemas/index.ts';
import { openMysqlStorage } from '../../storage/index.ts';
import { makeDatabase } from './own-database.ts';
import { startOwnMysql, type OwnServer } from './own-servers.ts';
import { setTimeout as delay } from 'node:timers/promises';

const WRITERS = 4;

describe('a MySQL server that fails under writers', { timeout: 240_000 }, () => {
  let server: OwnServer;
  let url: string;
  let storage: Storage;
  beforeAll(async () => {
    server = await startOwnMysql();
    url = (await makeDatabase(server.address)).url;
    storage = await openMysqlStorage({ url, retrySeconds: 90 });
  }, 240_000);
  afterAll(async () => {
    await storage.close();
    await server.close();
  }, 120_000);

  /** Writes until it is told to stop; everybody also writes to one stream, wherever its end is. */
  function startWriters(workspaceId: string): { readonly results: WriteResult[]; readonly stop: () => Promise<void> } {
    const results: WriteResult[] = [];
    const over = { yes: false };
    const write = async (writer: string): Promise<void> => {
      for (let i = 0; !over.yes; i++) {
        const events = [{ type: 'ThingHappened', data: `${writer}/${i}` }];
        const appends = [
          { log: 'ledger', stream: writer, events, expected: { version: i } },
          { log: 'ledger', stream: 'common', events, expected: { any: true } },
        ] as const;
        results.push(await storage.events.write({ workspaceId, actor: 'tester', appends }));
      }
    };
    const done = Promise.all(Array.from({ length: WRITERS }, (_, i) => write(`writer-${i}`)));
    return {
      results,
      stop: async () => {
        over.yes = true;
        await done;
      },
    };
  }

  async function expectEveryUnitOnce(workspaceId: string, results: readonly WriteResult[]): Promise<void> {
    expect(results.map(({ status }) => status)).toEqual(results.map(() => 'written'));
    const common: unknown[] = [];
    for (;;) {
      const page = await storage.events.readStream(workspaceId, 'common', { afterVersion: common.length });
      if (page.length === 0) break;
      for (const { data } of page) common.push(data);
    }
    expect(common.length).toBe(results.length);
    expect(new Set(common).size).toBe(results.length);
    expect(await storage.events.head(workspaceId, 'ledger')).toBe(2 * results.length);
  }

  const until = async (results: readonly WriteResult[], more: number): Promise<void> => {
    const wanted = results.length + more;
    while (results.length < wanted) await delay(10);
  };

  it('killed and started again, twice: nothing is lost, nothing is there twice, nobody hears of it', async () => {
    const { results, stop } = startWriters('killed');
    for (let round = 0; round < 2; round++) {
      await until(results, 40);
      await server.kill();
      await delay(300);
      await server.restart();
      await until(results, 40);
    }
    await stop();
    await expectEveryUnitOnce('killed', results);
  });

  it('read-only for a while: writers wait and readers go on', async () => {
    const admin = await createConnection(server.address);
    const { results, stop } = startWriters('read-only');
    await until(results, 40);
    await admin.query('set global super_read_only = 1');
    await delay(1500);
    const written = results.length;
    await delay(500);
    expect(results.length).toBe(written);
    expect(await storage.events.head('read-only', 'ledger')).toBeGreaterThan(0);
    const impatient = await openMysqlStorage({ url, retrySeconds: 1 });
    const events = [{ type: 'ThingHappened', data: 1 }];
    const unit = { workspaceId: 'w', actor: 'tester', appends: [{ log: 'ledger', stream: 's', events, expected: { any: true } }] } as const;
    await expect(impatient.events.write(unit)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringMatching(/on the MySQL server 127\.0\.0\.1:\d+ has taken no writes for 1 s/),
    });
    await admin.query('set global super_read_only = 0');
    await admin.query('set global read_only = 0');
    await until(results, 40);
    await stop();
    await expectEveryUnitOnce('read-only', results);
    expect(await impatient.events.write(unit)).toMatchObject({ status: 'written' });
    await impatient.close();
    await admin.end();
  });
});
