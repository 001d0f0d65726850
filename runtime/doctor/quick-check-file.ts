import { DatabaseSync } from 'node:sqlite';
import type { SqliteFacts } from './sqlite-file.ts';

/** A process of its own, so that a check of a large file can be ended: `node quick-check-file.ts FILE` prints `SqliteFacts`. */
const database = new DatabaseSync(process.argv[2] ?? '', { readOnly: true });
database.exec('pragma busy_timeout = 1000');
const firstOf = (sql: string): unknown => Object.values(database.prepare(sql).get() ?? {})[0];
const has = (table: string): boolean =>
  database.prepare("select 1 from sqlite_schema where type = 'table' and name = ?").get(table) !== undefined;
const level = (): number => {
  if (!has('migrations') || firstOf('select count(*) from migrations') === 0) return 0;
  return has('schema_state') ? Number(firstOf('select level from schema_state where id = 1') ?? 1) : 1;
};
const facts: SqliteFacts = {
  schemaLevel: level(),
  foreign: !has('migrations') && firstOf('select count(*) from sqlite_schema') !== 0,
  complaints: database
    .prepare('pragma quick_check(5)')
    .all()
    .map((row) => String(Object.values(row)[0]))
    .filter((text) => text !== 'ok'),
};
database.close();
process.stdout.write(JSON.stringify(facts));
