import { messageOf, RiskflowError, type StoredEvent, type WorkspaceId } from '../../schemas/core.ts';
import type { Dialect } from '../dialect.ts';
import type { Executor } from '../database.ts';
import { rowInserter } from '../insert-rows.ts';
import { selectByKeys } from '../select-by-keys.ts';
import type { SqlRow, SqlValue } from '../tables/table-spec.ts';
import type { Projection, RowOperation } from './projection.ts';

export type ApplyEvents = (trx: Executor, workspaceId: WorkspaceId, events: readonly StoredEvent[]) => Promise<void>;

/**
 * Applies events of one workspace in their order with few statements: rows are changed in memory, and each changed row is
 * written once. `table`: the projection's table, or a copy of it.
 */
export function applyEvents(dialect: Dialect, projection: Projection, table: string): ApplyEvents {
  const setRows = rowInserter(dialect, projection.table, { onTaken: 'replace', into: table });
  return async (trx, workspaceId, events) => {
    const operations = events.flatMap((event) => operationsOf(projection, event));
    if (operations.length === 0) return;
    const before = await readBefore(trx, { workspaceId, table, projection, operations });
    const changed = foldRows(projection, before, operations);
    await setRows(
      trx,
      Array.from(changed.values(), (row) => ({ ...row, workspace_id: workspaceId })),
    );
  };
}

function operationsOf(projection: Projection, event: StoredEvent): readonly RowOperation<SqlRow>[] {
  try {
    return projection.apply(event);
  } catch (error) {
    const where = `${event.type} at ${event.position.log}/${event.position.n}`;
    throw new RiskflowError('internal', `the projection ${projection.name} cannot apply ${where}: ${messageOf(error)}`, { cause: error });
  }
}

/** The rows that operations will look at. */
async function readBefore(
  trx: Executor,
  {
    workspaceId,
    table,
    projection,
    operations,
  }: {
    readonly workspaceId: WorkspaceId;
    readonly table: string;
    readonly projection: Projection;
    readonly operations: readonly RowOperation<SqlRow>[];
  },
): Promise<ReadonlyMap<string, SqlRow>> {
  const keys = new Set(operations.flatMap((operation) => ('key' in operation ? [String(operation.key)] : [])));
  if (keys.size === 0) return new Map();
  const rows = await selectByKeys<SqlRow>(trx, {
    table,
    columns: Object.keys(projection.table.columns),
    equal: { workspace_id: workspaceId },
    column: keyColumns(projection)[0] ?? '',
    keys: Array.from(keys).sort(),
  });
  return new Map(rows.map((row) => [rowKey(projection, row), row]));
}

function foldRows(
  projection: Projection,
  before: ReadonlyMap<string, SqlRow>,
  operations: readonly RowOperation<SqlRow>[],
): ReadonlyMap<string, SqlRow> {
  const changed = new Map<string, SqlRow>();
  for (const operation of operations) {
    if ('put' in operation) {
      changed.set(rowKey(projection, operation.put), operation.put);
      continue;
    }
    const key = nameOf([operation.key]);
    const after = operation.change(changed.get(key) ?? before.get(key));
    if (after !== undefined) changed.set(key, after);
  }
  return changed;
}

const keyColumns = ({ table }: Projection): readonly string[] => table.primaryKey.slice(1);
const rowKey = (projection: Projection, row: SqlRow): string => nameOf(keyColumns(projection).map((column) => row[column] ?? null));
const nameOf = (values: readonly SqlValue[]): string => values.map(String).join('\u0000');
