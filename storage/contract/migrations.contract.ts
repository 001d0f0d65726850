import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database.ts';
import { currentLevel, describe as describeChanges, migrate, migrateBack } from '../migrations/migrate.ts';
import type { Migration } from '../migrations/migration.ts';
import { openSchema } from '../migrations/open-schema.ts';
import { releasedMigrations } from '../migrations/released.ts';
import { readSchemaState } from '../migrations/schema-state.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { primaryTables } from '../tables/primary-tables.ts';
import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import type { SchemaBackend, SchemaPlace } from './backend.ts';
import { loadLevelOne, rowsOfLevelOne, schemaOf, workAsLevelOne } from './released-schema.ts';

const notes = defineTable({
  name: 'notes',
  columns: { workspace_id: workspaceId, note_id: id(64), body: text },
  primaryKey: ['workspace_id', 'note_id'],
});
const latest = currentLevel(releasedMigrations);

/** Releases that do not exist yet: one adds, the one after it drops. */
const later: Migration = {
  level: latest + 1,
  name: 'notes',
  kind: 'expand',
  steps: [
    { addTable: notes, derived: false },
    { addColumn: 'region', to: 'events', column: nullable(id(64)), derived: false },
    { addColumn: 'weight', to: 'inbox', column: nullable(integer), derived: true },
    { addIndex: 'inbox_by_weight', to: 'inbox', columns: ['workspace_id', 'weight'] },
  ],
};
const muchLater: Migration = {
  level: latest + 2,
  name: 'no relays',
  kind: 'contract',
  oldest: latest + 1,
  steps: [{ dropTable: 'relay_cursors' }, { dropIndex: 'inbox_by_weight', from: 'inbox' }, { dropColumn: 'weight', from: 'inbox' }],
};
const withLater = [...releasedMigrations, later];
const withMuchLater = [...withLater, muchLater];

/** Upgrades of the tables, and how they fail. */
export function migrationsContract(backend: SchemaBackend): void {
  describe('migrations', () => {
    const open: SchemaPlace[] = [];
    const create = async (): Promise<Database> => {
      const place = await backend.create();
      open.push(place);
      return place.database;
    };
    afterEach(async () => {
      for (const { database, remove } of open.splice(0)) {
        await database.close();
        await remove();
      }
    });
    const stateOf = (database: Database): ReturnType<typeof readSchemaState> => readSchemaState(database.read, database.dialect);
    const upgrade = (database: Database, migrations = releasedMigrations): Promise<readonly Migration[]> =>
      migrate({ database, migrations }, currentLevel(migrations));
    const everything = async (database: Database): Promise<unknown> => [
      await schemaOf(database),
      await rowsOfLevelOne(database.read),
      await stateOf(database),
    ];

    it('make the tables that the first release made', async () => {
      const [theirs, ours] = [await create(), await create()];
      await loadLevelOne(theirs);
      await migrate({ database: ours, migrations: releasedMigrations }, 1);
      expect((await schemaOf(ours)).filter((line) => !line.includes('schema_state'))).toEqual(await schemaOf(theirs));
      expect(await stateOf(theirs)).toEqual({ level: 1, oldest: 1, restoring: null });
    });

    it('lead from the first release to this one with every row kept, to the tables a new storage gets', async () => {
      const [fresh, old] = [await create(), await create()];
      await upgrade(fresh);
      await loadLevelOne(old);
      const before = await rowsOfLevelOne(old.read);
      expect((await upgrade(old)).map(({ level }) => level)).toEqual([2, 3]);
      expect(await rowsOfLevelOne(old.read)).toEqual(before);
      expect(await schemaOf(old)).toEqual(await schemaOf(fresh));
      expect(await stateOf(old)).toEqual({ level: latest, oldest: 1, restoring: null });
      // Again: nothing is left to do.
      expect(await upgrade(old)).toEqual([]);
    });

    describe('and the release before', () => {
      let reference: Awaited<ReturnType<typeof rowsOfLevelOne>>;
      beforeEach(async () => {
        const untouched = await create();
        await loadLevelOne(untouched);
        await workAsLevelOne(untouched);
        reference = await rowsOfLevelOne(untouched.read);
      });

      it('works on the new tables as on its own', async () => {
        const database = await create();
        await loadLevelOne(database);
        await upgrade(database, withLater);
        await workAsLevelOne(database);
        expect(await rowsOfLevelOne(database.read)).toEqual(reference);
      });

      it('works on after a failure behind any statement, and so does a second try', { timeout: 120_000 }, async () => {
        const statements: string[] = [];
        const counted = await create();
        await loadLevelOne(counted);
        await migrate({ database: counted, migrations: withLater, onStatement: (each) => statements.push(each) }, currentLevel(withLater));
        expect(statements.length).toBeGreaterThan(8);
        for (
          let failAt = 1;
          failAt <= statements.length;
          failAt += failAt === statements.length ? 1 : Math.min(backend.every, statements.length - failAt)
        ) {
          const database = await create();
          await loadLevelOne(database);
          await expect(failing(database, withLater, failAt)).rejects.toThrow(`planted after statement ${failAt}`);
          await workAsLevelOne(database);
          expect(await rowsOfLevelOne(database.read)).toEqual(reference);
          await upgrade(database, withLater);
          expect(await schemaOf(database)).toEqual(await schemaOf(counted));
          expect(await rowsOfLevelOne(database.read)).toEqual(reference);
        }
      });

      it('works after going back to it', async () => {
        const [database, untouched] = [await create(), await create()];
        await loadLevelOne(untouched);
        await loadLevelOne(database);
        await upgrade(database);
        for (let level = latest; level > 1; level--) await migrateBack({ database, migrations: releasedMigrations });
        expect((await schemaOf(database)).filter((line) => !line.includes('schema_state'))).toEqual(await schemaOf(untouched));
        expect(await stateOf(database)).toEqual({ level: 1, oldest: 1, restoring: null });
        await workAsLevelOne(database);
        expect(await rowsOfLevelOne(database.read)).toEqual(reference);
        await upgrade(database);
        expect((await stateOf(database)).level).toBe(latest);
      });
    });

    it('of a new storage may fail behind any statement and be tried again', { timeout: 120_000 }, async () => {
      const statements: string[] = [];
      const whole = await create();
      await migrate(
        { database: whole, migrations: withMuchLater, onStatement: (each) => statements.push(each) },
        currentLevel(withMuchLater),
      );
      for (let failAt = statements.length; failAt > 0; failAt -= backend.every * 3) {
        const database = await create();
        await expect(failing(database, withMuchLater, failAt)).rejects.toThrow('planted');
        await upgrade(database, withMuchLater);
        expect(await schemaOf(database)).toEqual(await schemaOf(whole));
        expect(await stateOf(database)).toEqual({ level: latest + 2, oldest: latest + 1, restoring: null });
      }
    });

    it('go back only when nothing is lost and nobody is at work; else nothing is touched', async () => {
      const database = await create();
      await loadLevelOne(database);
      await expectRefusal(database, releasedMigrations, /no level below 1/);
      await upgrade(database, withLater);
      await write(
        database,
        `insert into leases (workspace_id, resource, owner, host, boot, pid, fence, expires_at) values ('w', 'run/1', 'me', 'here', 'b', 7, 1, ${Date.now() + 60_000})`,
      );
      await expectRefusal(database, withLater, /process 7 on here is at work on run\/1/);
      await write(database, "update leases set owner = ''");
      await write(database, "update events set region = 'eu' where n = 1");
      await expectRefusal(database, withLater, /the column region of events holds facts/);
      await write(database, 'update events set region = null');
      await write(database, "insert into notes (workspace_id, note_id, body) values ('w', 'n', 'x')");
      await expectRefusal(database, withLater, /the table notes holds facts/);
      await upgrade(database, withMuchLater);
      await expectRefusal(database, withMuchLater, /has dropped what the level below needs/);
      // A release that does not know the level cannot undo it.
      await expectRefusal(database, releasedMigrations, /newer version/);
    });

    it('say what they would do, and change nothing', async () => {
      const database = await create();
      await loadLevelOne(database);
      const before = await everything(database);
      const changes = await describeChanges(database.read, database.dialect, later);
      expect(changes.map(({ what }) => what)).toEqual([
        'add the table notes',
        'add the column region to events',
        'add the column weight to inbox',
        'add the index inbox_by_weight to inbox',
      ]);
      expect(changes[1]?.statements).toEqual([expect.stringMatching(/^alter table events add column region (text|varchar\(64\))$/)]);
      expect(await everything(database)).toEqual(before);
    });

    describe('when a process opens the storage', () => {
      const copies: number[] = [];
      const additions = { migrates: 'additions', copy: async (level: number) => `copy ${copies.push(level)}` } as const;
      beforeEach(() => {
        copies.length = 0;
      });

      it('are all applied to an empty one, and additions to an earlier one after a copy, where that is allowed', async () => {
        const [fresh, old, server] = [await create(), await create(), await create()];
        await openSchema(fresh, withMuchLater, { migrates: 'never' });
        expect((await stateOf(fresh)).level).toBe(latest + 2);
        await loadLevelOne(old);
        await openSchema(old, withLater, additions);
        expect([(await stateOf(old)).level, copies]).toEqual([latest + 1, [1]]);
        await loadLevelOne(server);
        const before = await everything(server);
        await expect(openSchema(server, releasedMigrations, { migrates: 'never' })).rejects.toMatchObject({
          code: 'unsupported',
          message: `the tables have level 1, and this release needs level ${latest}`,
          hint: expect.stringContaining('riskflow migrate'),
        });
        expect(await everything(server)).toEqual(before);
      });

      it('that only drop are left for later', async () => {
        const database = await create();
        await upgrade(database, withLater);
        await openSchema(database, withMuchLater, additions);
        expect([(await stateOf(database)).level, copies]).toEqual([latest + 1, []]);
      });

      it('of a newer release are accepted by those it works with, and refused by others', async () => {
        const database = await create();
        await upgrade(database, withLater);
        await openSchema(database, releasedMigrations, additions);
        await upgrade(database, withMuchLater);
        await openSchema(database, withLater, additions);
        await expect(openSchema(database, releasedMigrations, additions)).rejects.toMatchObject({
          code: 'unsupported',
          message: expect.stringContaining('newer version'),
        });
      });
    });

    const write = (database: Database, statement: string): Promise<unknown> => database.transaction((trx) => execute(trx, statement));

    async function expectRefusal(database: Database, migrations: readonly Migration[], message: RegExp): Promise<void> {
      const before = await everything(database).catch(() => schemaOf(database));
      await expect(migrateBack({ database, migrations })).rejects.toThrow(message);
      expect(await everything(database).catch(() => schemaOf(database))).toEqual(before);
    }

    function failing(database: Database, migrations: readonly Migration[], failAt: number): Promise<unknown> {
      let done = 0;
      const onStatement = (): void => {
        if (++done === failAt) throw new Error(`planted after statement ${failAt}`);
      };
      return migrate({ database, migrations, onStatement }, currentLevel(migrations));
    }
  });

  describe('the list of migrations', () => {
    it('keeps its rules: level by level, and the release before always works on', () => {
      for (const [i, migration] of releasedMigrations.entries()) {
        expect(migration.level).toBe(i + 1);
        if (migration.kind === 'contract') expect(migration.oldest).toBeLessThan(migration.level);
        else for (const step of migration.steps) if ('addColumn' in step) expect(step.column.nullable).toBe(true);
      }
    });

    it('has every table that is written to', async () => {
      const place = await backend.create();
      await migrate({ database: place.database, migrations: releasedMigrations }, latest);
      for (const { name, columns } of primaryTables) {
        expect(await rowsOf(place.database.read, `select ${Object.keys(columns).join(', ')} from ${name} limit 1`, [])).toEqual([]);
      }
      await place.database.close();
      await place.remove();
    });
  });
}
