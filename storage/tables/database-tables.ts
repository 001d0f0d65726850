import type { projectionTables } from '../projections/projection-tables.ts';
import type { primaryTables } from './primary-tables.ts';
import type { RowOf, TableSpec } from './table-spec.ts';

type AllTables = (typeof primaryTables)[number] | (typeof projectionTables)[number];
type ByName<S extends TableSpec> = { [Each in S as Each['name']]: RowOf<Each> };

/** Every table with the type of its rows, as Kysely wants it. */
export type Tables = ByName<AllTables>;
