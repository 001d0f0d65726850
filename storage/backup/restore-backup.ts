import { RiskflowError } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { type InsertRows, rowInserter } from '../insert-rows.ts';
import { checkUsable, currentLevel, migrate } from '../migrations/migrate.ts';
import type { Migration } from '../migrations/migration.ts';
import { readSchemaState, type SchemaState, writeSchemaState } from '../migrations/schema-state.ts';
import { refuseWhileInUse } from '../operations/presence.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { projectionTables } from '../projections/projection-tables.ts';
import { primaryTables } from '../tables/primary-tables.ts';
import type { SqlRow, SqlValue, TableSpec } from '../tables/table-spec.ts';
import { backedUpTables, damaged, decodeValue, type Header, type Trailer } from './format.ts';
import { type BackupRow, readBackup } from './read-backup.ts';

export type RestoreWork = {
  readonly database: Database;
  readonly migrations: readonly Migration[];
  readonly file: string;
  readonly onProgress?: ((step: 'check' | 'restore', done: number, total: number) => void) | undefined;
};

export type Restored = { readonly header: Header; readonly trailer: Trailer };

/** Rows are inserted when so many, or so many characters of them, have come together. */
const ROWS_AT_ONCE = 500;
const SIZE_AT_ONCE = 2 << 20;

/**
 * Fills an empty storage with the rows of a backup that was checked first. On SQLite all of it is one transaction; on MySQL a mark says
 * that it has begun, and whoever restores again begins anew. Projections are left empty.
 * @throws RiskflowError before anything is changed: `invalid_file` (damaged), `usage` (not empty), `unsupported` (of a newer version)
 */
export async function restoreBackup(work: RestoreWork): Promise<Restored> {
  const { database, migrations, file, onProgress } = work;
  const found: { header?: Header } = {};
  const trailer = await readBackup(file, {
    onHeader: (header) => {
      checkLevel(header, migrations);
      found.header = header;
    },
    onProgress: (done, total) => onProgress?.('check', done, total),
  });
  if (found.header === undefined) throw damaged('its beginning is missing');
  const before = checkState(await readSchemaState(database.read, database.dialect), migrations);
  if (before.level === 0) await migrate({ database, migrations }, currentLevel(migrations));
  else {
    await refuseWhileInUse(database.read, database.now());
    if (before.restoring === null) await refuseUnlessEmpty(database.read);
  }
  await database.alone((on) => fill(work, on, trailer));
  return { header: found.header, trailer };
}

function checkLevel({ level }: Header, migrations: readonly Migration[]): void {
  if (level <= currentLevel(migrations)) return;
  throw new RiskflowError('unsupported', `the backup was made by a newer version of Riskflow (its tables have level ${level})`, {
    hint: 'restore it with that version',
  });
}

function checkState(state: SchemaState, migrations: readonly Migration[]): SchemaState {
  checkUsable({ ...state, restoring: null }, migrations);
  if (state.level === 0 || state.level === currentLevel(migrations)) return state;
  throw new RiskflowError(
    'unsupported',
    `the tables have level ${state.level}, and this release restores into level ${currentLevel(migrations)}`,
    {
      hint: 'run `riskflow migrate` first, or name an empty database',
    },
  );
}

/** Leases that nobody holds are no data: a process that was up for a moment leaves them. */
async function refuseUnlessEmpty(on: Executor): Promise<void> {
  for (const { name } of primaryTables) {
    if (name === 'leases' || (await rowsOf(on, `select 1 as yes from ${name} limit 1`, [])).length === 0) continue;
    throw new RiskflowError('usage', `the storage is not empty: it has rows in ${name}`, {
      hint: 'nothing was changed; restore into another data folder (RISKFLOW_DATA) or an empty database (RISKFLOW_MYSQL_URL)',
    });
  }
}

async function fill({ database, file, onProgress }: RestoreWork, on: Executor, { rows, sha256 }: Trailer): Promise<void> {
  const { dialect } = database;
  const state = await readSchemaState(on, dialect);
  // What is there is the beginning of an interrupted restore.
  if (state.restoring !== null) for (const { name } of [...primaryTables, ...projectionTables]) await execute(on, `delete from ${name}`);
  else await refuseUnlessEmpty(on);
  await execute(on, 'delete from leases');
  await writeSchemaState(on, dialect, { ...state, restoring: sha256, now: database.now() });
  const insert = inserter(database, on);
  const read = await readBackup(file, {
    onHeader: () => undefined,
    onRow: insert.add,
    onProgress: (done, total) => onProgress?.('restore', done, total),
  });
  if (read.sha256 !== sha256) throw damaged('it changed while it was restored');
  await insert.flush();
  for (const [table, count] of Object.entries(rows)) {
    const [counted] = await rowsOf<{ readonly n: number }>(on, `select count(*) as n from ${table}`, []);
    if (Number(counted?.n) !== count)
      throw new RiskflowError('failed', `${table} has ${String(counted?.n)} rows after the restore, not ${count}`);
  }
  await writeSchemaState(on, dialect, { ...state, restoring: null, now: database.now() });
}

type Inserter = { readonly add: (row: BackupRow) => Promise<void> | undefined; readonly flush: () => Promise<void> };

/** Collects rows of one table at a time. */
function inserter({ dialect }: Database, on: Executor): Inserter {
  const inserters = new Map<string, InsertRows<TableSpec>>(
    backedUpTables.map((table) => [table.name, rowInserter(dialect, table, { onTaken: 'fail' })]),
  );
  let waiting: SqlRow[] = [];
  let size = 0;
  let of = '';
  const flush = async (): Promise<void> => {
    const rows = waiting;
    waiting = [];
    size = 0;
    if (rows.length > 0) await inserters.get(of)?.(on, rows);
  };
  const put = (row: BackupRow): void => {
    of = row.table;
    waiting.push(toRow(row));
    for (const value of row.values) size += typeof value === 'string' ? value.length : value instanceof Object ? 4096 : 8;
  };
  return {
    add: (row) => {
      if (!inserters.has(row.table)) throw damaged(`there is no table ${row.table}`);
      if (row.table === of && waiting.length < ROWS_AT_ONCE && size < SIZE_AT_ONCE) {
        put(row);
        return undefined;
      }
      return flush().then(() => put(row));
    },
    flush,
  };
}

function toRow({ table, columns, values }: BackupRow): SqlRow {
  const row: Record<string, SqlValue> = Object.fromEntries(columns.map((column, i) => [column, decodeValue(values[i] ?? null)]));
  // Who held it is at work elsewhere, if at all; its number goes on rising.
  return table === 'leases' ? { ...row, owner: '', expires_at: 0 } : row;
}
