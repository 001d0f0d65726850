import type { Executor } from '../database.ts';
import type { Dialect } from '../dialect.ts';
import { rowsOf } from '../prepared-query.ts';
import { allProjections } from '../projections/all-projections.ts';
import { renderTable } from '../tables/render-table.ts';
import type { AddStep, DropStep, Migration } from './migration.ts';

/** One change, for a person and for a database. Each can be done again when a first try ended half-way. */
export type Change = {
  /** `add the table x` */
  readonly what: string;
  readonly isDone: (on: Executor) => Promise<boolean>;
  readonly statements: readonly string[];
};

/** Its changes, in order. */
export const changesOf = ({ steps }: Migration, dialect: Dialect): readonly Change[] =>
  steps.map((step) => ('addTable' in step || 'addColumn' in step || 'addIndex' in step ? add(step, dialect) : drop(step, dialect)));

/** The changes that take back what a migration has added, last one first. */
export const changesBack = (steps: readonly AddStep[], dialect: Dialect): readonly Change[] =>
  steps.toReversed().map((step) => {
    if ('addTable' in step) return drop({ dropTable: step.addTable.name }, dialect);
    return drop('addColumn' in step ? { dropColumn: step.addColumn, from: step.to } : { dropIndex: step.addIndex, from: step.to }, dialect);
  });

/** A projection whose table was taken away and comes back begins anew. */
const forgetCheckpoints = (table: string): readonly string[] =>
  allProjections
    .filter((projection) => projection.table.name === table)
    .map(({ name }) => `delete from projection_checkpoints where projection = '${name}'`);

function add(step: AddStep, dialect: Dialect): Change {
  if ('addTable' in step) {
    const { name } = step.addTable;
    return {
      what: `add the table ${name}`,
      isDone: (on) => hasTable(on, dialect, name),
      statements: [...forgetCheckpoints(name), ...renderTable(step.addTable, dialect.tables)],
    };
  }
  if ('addColumn' in step) {
    const { addColumn: name, to, column } = step;
    const statements = [`alter table ${to} add column ${name} ${dialect.tables.columnType(column)}`];
    return { what: `add the column ${name} to ${to}`, isDone: (on) => hasColumn(on, dialect, to, name), statements };
  }
  const { addIndex: name, to, columns } = step;
  const statements = [`create index ${name} on ${to} (${columns.join(', ')})`];
  return { what: `add the index ${name} to ${to}`, isDone: (on) => hasIndex(on, dialect, to, name), statements };
}

function drop(step: DropStep, dialect: Dialect): Change {
  if ('dropTable' in step) {
    const { dropTable: name } = step;
    const isDone = async (on: Executor): Promise<boolean> => !(await hasTable(on, dialect, name));
    return { what: `drop the table ${name}`, isDone, statements: [`drop table if exists ${name}`] };
  }
  if ('dropColumn' in step) {
    const { dropColumn: name, from } = step;
    const isDone = async (on: Executor): Promise<boolean> => !(await hasColumn(on, dialect, from, name));
    return { what: `drop the column ${name} of ${from}`, isDone, statements: [`alter table ${from} drop column ${name}`] };
  }
  const { dropIndex: name, from } = step;
  const isDone = async (on: Executor): Promise<boolean> => !(await hasIndex(on, dialect, from, name));
  const statement = dialect.name === 'sqlite' ? `drop index ${name}` : `drop index ${name} on ${from}`;
  return { what: `drop the index ${name} of ${from}`, isDone, statements: [statement] };
}

const found = async (on: Executor, text: string, parameters: readonly string[]): Promise<boolean> =>
  (await rowsOf(on, text, parameters)).length > 0;

export const hasTable = (on: Executor, dialect: Dialect, table: string): Promise<boolean> =>
  dialect.name === 'sqlite'
    ? found(on, "select 1 as yes from sqlite_schema where type = 'table' and name = ?", [table])
    : found(on, 'select 1 as yes from information_schema.tables where table_schema = database() and table_name = ?', [table]);

const hasColumn = (on: Executor, dialect: Dialect, table: string, column: string): Promise<boolean> =>
  dialect.name === 'sqlite'
    ? found(on, 'select 1 as yes from pragma_table_info(?) where name = ?', [table, column])
    : found(on, 'select 1 as yes from information_schema.columns where table_schema = database() and table_name = ? and column_name = ?', [
        table,
        column,
      ]);

const hasIndex = (on: Executor, dialect: Dialect, table: string, index: string): Promise<boolean> =>
  dialect.name === 'sqlite'
    ? found(on, "select 1 as yes from sqlite_schema where type = 'index' and tbl_name = ? and name = ?", [table, index])
    : found(
        on,
        'select 1 as yes from information_schema.statistics where table_schema = database() and table_name = ? and index_name = ?',
        [table, index],
      );
