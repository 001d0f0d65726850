import type { Column, TableSpec } from './table-spec.ts';

/** What differs in the SQL of tables between dialects. */
export type TableSyntax = {
  readonly columnType: (column: Column) => string;
  /** After the closing bracket. */
  readonly options: (table: TableSpec) => string;
  /** Whether indexes are part of the table's statement, or statements of their own. */
  readonly inlineIndexes: boolean;
};

/** The statements that make a table where there is none. `name` and `temporary`: for a copy of the table of one connection. */
export function renderTable(table: TableSpec, syntax: TableSyntax, copy?: { readonly name: string }): readonly string[] {
  const name = copy?.name ?? table.name;
  const indexes = table.indexes ?? [];
  const parts = [
    ...Object.entries(table.columns).map(([column, spec]) => `${column} ${syntax.columnType(spec)}${spec.nullable ? '' : ' not null'}`),
    `primary key (${table.primaryKey.join(', ')})`,
    ...(table.unique ?? []).map((columns) => `unique (${columns.join(', ')})`),
    ...(syntax.inlineIndexes ? indexes.map((columns) => `index (${columns.join(', ')})`) : []),
  ];
  const kind = copy === undefined ? 'table' : 'temporary table';
  const statement = `create ${kind} if not exists ${name} (\n  ${parts.join(',\n  ')}\n)${syntax.options(table)}`;
  if (syntax.inlineIndexes || copy !== undefined) return [statement];
  return [statement, ...indexes.map((columns, i) => `create index if not exists ${name}_${i + 1} on ${name} (${columns.join(', ')})`)];
}
