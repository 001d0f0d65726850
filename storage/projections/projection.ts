import type { LogName, RiskflowEvent, StoredEvent } from '../../schemas/core.ts';
import type { RowOf, SqlRow, SqlValue, TableSpec } from '../tables/table-spec.ts';

/** What an event does to a table, as data. Rows come without their workspace, which is that of the event. */
export type RowOperation<Row> =
  /** A new row, or all of an old one replaced. */
  | { readonly put: Row }
  /** A new row made from the old one with this key; undefined leaves things as they are. Must not look at anything else. */
  | { readonly key: SqlValue; change(before: Row | undefined): Row | undefined };

/** A table derived from the events of one log. The same events give the same rows, always and everywhere. */
export type Projection = {
  readonly name: string;
  readonly log: LogName;
  readonly table: TableSpec;
  /** Types of events that matter to it. */
  readonly types: readonly string[];
  readonly apply: (event: StoredEvent) => readonly RowOperation<SqlRow>[];
};

type EventType = RiskflowEvent['type'];
type DataOf<T extends EventType> = Extract<RiskflowEvent, { readonly type: T }>['data'];
type Row<S extends TableSpec> = Omit<RowOf<S>, 'workspace_id'>;
type Handlers<S extends TableSpec> = {
  readonly [T in EventType]?: (data: DataOf<T>, event: StoredEvent) => readonly RowOperation<Row<S>>[];
};

/**
 * Tables whose handlers return `{ key, change }` have the primary key (workspace_id, x): `key` is the value of x.
 * An event whose payload was erased does nothing.
 */
export function defineProjection<S extends TableSpec>(projection: {
  readonly name: string;
  readonly log: LogName;
  readonly table: S;
  readonly on: Handlers<S>;
}): Projection {
  const { name, log, table } = projection;
  const handlers: Readonly<Record<string, ((data: never, event: StoredEvent) => readonly RowOperation<SqlRow>[]) | undefined>> =
    projection.on;
  return {
    name,
    log,
    table,
    types: Object.keys(handlers),
    apply: (event) => (event.data === null ? [] : (handlers[event.type]?.(event.data as never, event) ?? [])),
  };
}
