import type { Database, Executor } from '../database.ts';
import { rowInserter } from '../insert-rows.ts';
import { prepareQuery } from '../prepared-query.ts';
import { countersTable } from '../tables/primary-tables.ts';

/** Takes `count` numbers of a counter within a transaction and returns the first. Returned to the counter by a rollback. */
export type TakeNumbers = (trx: Executor, wanted: Wanted) => Promise<number>;
type Wanted = { readonly workspaceId: string; readonly name: string; readonly count: number };

/**
 * The row stays locked until the transaction ends, so numbers become visible in their order and without holes.
 * See https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html for why an auto-increment column would not do.
 */
export function takeNumbers(database: Database): TakeNumbers {
  const { read, dialect } = database;
  const begin = rowInserter(dialect, countersTable, { onTaken: 'keep' });
  const raise = prepareQuery<Wanted>()((p) =>
    read
      .updateTable('counters')
      .set((eb) => ({ n: eb('n', '+', p.count) }))
      .where('workspace_id', '=', p.workspaceId)
      .where('name', '=', p.name),
  );
  const current = prepareQuery<{ readonly workspaceId: string; readonly name: string }>()((p) =>
    read.selectFrom('counters').select('n').where('workspace_id', '=', p.workspaceId).where('name', '=', p.name),
  );
  return async (trx, { workspaceId, name, count }) => {
    if ((await raise.change(trx, { workspaceId, name, count })) === 0) {
      // The first of its name. Somebody may do the same: the loser waits for the winner's row, and raises it.
      await begin(trx, [{ workspace_id: workspaceId, name, n: 0 }]);
      await raise.change(trx, { workspaceId, name, count });
    }
    const row = await current.first(trx, { workspaceId, name });
    if (row === undefined) throw new Error(`the counter ${name} vanished in the ${dialect.name} transaction that raised it`);
    return row.n - count + 1;
  };
}
