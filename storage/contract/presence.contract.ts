import { describe, expect, it } from 'vitest';
import type { LeaseOwner } from '../../schemas/core.ts';
import { migrate, migrateBack } from '../migrations/migrate.ts';
import { releasedMigrations } from '../migrations/released.ts';
import { execute } from '../prepared-query.ts';
import { announcePresence, refuseWhileInUse, withdrawPresence } from '../operations/presence.ts';
import { openSchema, unfitReason } from '../migrations/open-schema.ts';
import { processIdentity } from '../process-identity.ts';
import type { Database } from '../database.ts';
import type { SchemaBackend } from './backend.ts';

const worker: LeaseOwner = { owner: 'w-1', host: 'web-1', boot: 'b', pid: 4711 };
const other: LeaseOwner = { owner: 'w-2', host: 'web-2', boot: 'b', pid: 4712 };
const TTL = 30_000;

/** Who is there, and what is refused because of it. */
export function presenceContract(backend: SchemaBackend): void {
  describe('presence', () => {
    const inDatabase = async (use: (database: Database) => Promise<void>): Promise<void> => {
      const { database, remove } = await backend.create();
      try {
        await openSchema(database, releasedMigrations, { migrates: 'never' });
        await use(database);
      } finally {
        await database.close();
        await remove();
      }
    };
    const announce = (database: Database, role: string, process: LeaseOwner): Promise<void> =>
      announcePresence(database)('w', role, process, { now: database.now(), ttlMs: TTL });
    const write = (database: Database, statement: string): Promise<unknown> => database.transaction((trx) => execute(trx, statement));
    const refusal = async (database: Database): Promise<string> => {
      try {
        await refuseWhileInUse(database.read, database.now());
        return 'nobody';
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    };

    it('keeps the tables where they are, also while nobody is at a run', () =>
      inDatabase(async (database) => {
        await announce(database, 'worker', worker);
        await announce(database, 'start', other);
        // Again, as both do every few seconds.
        await announce(database, 'worker', worker);
        await expect(migrateBack({ database, migrations: releasedMigrations })).rejects.toMatchObject({
          code: 'busy',
          message: 'the process 4712 on web-2 is up (riskflow start); the process 4711 on web-1 is up (riskflow worker)',
          hint: expect.stringContaining('nothing was changed'),
        });
        expect(await unfitReason(database, releasedMigrations)).toBeUndefined();
        await withdrawPresence(database)('w', 'start', other);
        expect(await refusal(database)).toBe('the process 4711 on web-1 is up (riskflow worker)');
        await withdrawPresence(database)('w', 'worker', worker);
        await migrateBack({ database, migrations: releasedMigrations });
        expect(await unfitReason(database, releasedMigrations)).toBe('the tables have level 2, and this release needs level 3');
        await migrate({ database, migrations: releasedMigrations }, 3);
        expect(await unfitReason(database, releasedMigrations)).toBeUndefined();
      }));

    it('ends by itself, at once for a process of this machine that is dead, and is then forgotten', () =>
      inDatabase(async (database) => {
        const long = { now: database.now() - 3 * TTL, ttlMs: TTL };
        await announcePresence(database)('w', 'worker', worker, long);
        expect(await refusal(database)).toBe('nobody');
        // No machine gives this number to a process.
        await announce(database, 'worker', { ...processIdentity(), pid: 2 ** 30 });
        expect(await refusal(database)).toBe('nobody');
        await announce(database, 'worker', processIdentity());
        expect(await refusal(database)).toMatch(/^the process \d+ on .+ is up \(riskflow worker\)$/);
        const rows = await database.read.selectFrom('leases').select('host').execute();
        expect(rows.map(({ host }) => host)).not.toContain('web-1');
      }));

    // Made when the tests are collected: they may come much later.
    const lease = (resource: string, pid: number): string =>
      `insert into leases (workspace_id, resource, owner, host, boot, pid, fence, expires_at) values ('w', '${resource}', '${resource}', '${pid === 0 ? 'temporal:workflow' : 'web-3'}', '', ${pid}, 1, ${Date.now() + 3_600_000})`;
    const run = (id: string, resource: string, status: string): string =>
      `insert into run_status (workspace_id, run_id, flow, flow_version, mode, status, resource, since) values ('w', '${id}', 'f', 'v', 'manual', '${status}', '${resource}', 1)`;

    it.each<readonly [string, readonly string[], string]>([
      ['an open run on Temporal', [lease('run/a', 0), run('a', 'run/a', 'running')], 'a workflow on Temporal is at work on run/a'],
      ['a run on Temporal that is over', [lease('run/a', 0), run('a', 'run/a', 'succeeded')], 'nobody'],
      ['a run that waits', [lease('run/a', 8), run('a', 'run/a', 'paused')], 'the process 8 on web-3 is at work on run/a'],
      [
        'an evaluation, one of whose runs is over',
        [lease('evaluation/e', 0), run('a', 'evaluation/e', 'failed')],
        'a workflow on Temporal is at work on evaluation/e',
      ],
    ])('is also %s', (_, statements, expected) =>
      inDatabase(async (database) => {
        for (const statement of statements) await write(database, statement);
        expect(await refusal(database)).toBe(expected);
      }),
    );
  });
}
