import { readFileSync } from 'node:fs';
import type { Database, Executor } from '../database.ts';
import { execute, rowsOf } from '../prepared-query.ts';

type Value = string | number | null | { readonly bytes: string };
type Rows = Readonly<Record<string, readonly Readonly<Record<string, Value>>[]>>;

/**
 * The tables of level 1 as the first release made them in each dialect, rows that it wrote, and every statement that it executed for some
 * work after that (a lease, a unit with everything in it, an effect, an intake, projections, reads). Recorded, and never changed.
 */
type ReleasedSchema = {
  readonly sqlite: readonly string[];
  readonly mysql: readonly string[];
  readonly rows: Rows;
  readonly statements: {
    readonly sqlite: readonly (readonly [text: string, parameters: readonly Value[]])[];
    readonly mysql: readonly string[];
  };
};

const levelOne = (): ReleasedSchema =>
  JSON.parse(readFileSync(new URL('../fixtures/level-1.json', import.meta.url), 'utf8')) as ReleasedSchema;

const toParameter = (value: Value): unknown => (typeof value === 'object' && value !== null ? Buffer.from(value.bytes, 'base64') : value);

/** The statements that make the tables, as this server needs them. */
async function tablesOfLevelOne({ dialect, read }: Database): Promise<readonly string[]> {
  const released = levelOne();
  if (dialect.name === 'sqlite') return released.sqlite;
  const names = ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin'];
  const text = 'select collation_name as name from information_schema.collations where collation_name in (?, ?)';
  const [collation] = await rowsOf<{ readonly name: string }>(read, text, names);
  return released.mysql.map((statement) => statement.replaceAll('{collation}', collation?.name ?? ''));
}

/** Makes an empty database what the first release has left. */
export async function loadLevelOne(database: Database): Promise<void> {
  const statements = await tablesOfLevelOne(database);
  await database.session(async ({ connection }) => {
    for (const statement of statements) await execute(connection, statement);
    await execute(connection, 'begin');
    for (const [table, rows] of Object.entries(levelOne().rows)) {
      for (const row of rows) {
        const columns = Object.keys(row);
        const text = `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`;
        await execute(connection, text, Object.values(row).map(toParameter));
      }
    }
    await execute(connection, 'commit');
  });
}

/** Does with its own statements what the first release did. @throws whatever they fail with */
export function workAsLevelOne(database: Database): Promise<void> {
  const { statements } = levelOne();
  return database.session(async ({ connection }) => {
    if (database.dialect.name === 'mysql') for (const text of statements.mysql) await rowsOf(connection, text, []);
    else for (const [text, parameters] of statements.sqlite) await rowsOf(connection, text, parameters.map(toParameter));
  });
}

/** Everything in the tables of level 1, in columns of level 1, in order. */
export async function rowsOfLevelOne(on: Executor): Promise<Readonly<Record<string, readonly string[]>>> {
  const all: Record<string, readonly string[]> = {};
  for (const [table, rows] of Object.entries(levelOne().rows)) {
    const columns = rows[0] === undefined ? [] : Object.keys(rows[0]);
    const found = await rowsOf<Readonly<Record<string, unknown>>>(
      on,
      `select ${columns.length === 0 ? '*' : columns.join(', ')} from ${table}`,
      [],
    );
    all[table] = found.map((row) => JSON.stringify(Object.entries(row).map(([name, value]) => [name, plain(value)]))).sort();
  }
  return all;
}

const plain = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);

/** Tables, columns and indexes of the database, without what the database adds by itself. */
export async function schemaOf({ dialect, read }: Database): Promise<readonly string[]> {
  const text =
    dialect.name === 'sqlite'
      ? `select t.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" as line from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table'
         union all select 'index ' || tbl_name || '.' || name from sqlite_schema where type = 'index'`
      : `select concat(table_name, '.', column_name, ' ', column_type, ' ', is_nullable) as line from information_schema.columns where table_schema = database()
         union all select concat('index ', table_name, '.', index_name, '.', seq_in_index) from information_schema.statistics where table_schema = database()`;
  return (await rowsOf<{ readonly line: string }>(read, text, [])).map(({ line }) => line).sort();
}
