import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { WorkspaceId } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import type { SqlRow, TableSpec } from '../tables/table-spec.ts';

const CHUNK = 200;

/** How many rows a workspace has in a table, and the SHA-256 over them in order of their primary key, one JSON array per line. */
export async function hashRows(
  on: Executor,
  workspaceId: WorkspaceId,
  table: TableSpec,
): Promise<{ readonly rows: number; readonly hash: string }> {
  const columns = Object.keys(table.columns);
  const text = `select ${columns.join(', ')} from ${table.name} where workspace_id = `;
  const order = ` order by ${table.primaryKey.join(', ')}`;
  const query = sql<SqlRow>`${sql.raw(text)}${workspaceId}${sql.raw(order)}`.compile(on);
  const hash = createHash('sha256');
  let rows = 0;
  for await (const { rows: chunk } of on.getExecutor().stream<SqlRow>(query, CHUNK)) {
    for (const row of chunk) {
      hash.update(`${JSON.stringify(columns.map((column) => row[column]))}\n`);
      rows++;
    }
    if (rows % (CHUNK * 5) === 0) await nextTurn();
  }
  return { rows, hash: hash.digest('hex') };
}
