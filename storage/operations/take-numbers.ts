import type { Database, Executor } from '../database.ts';
import type { Counter } from '../dialect.ts';
import { rowInserter } from '../insert-rows.ts';
import { countersTable } from '../tables/primary-tables.ts';
import type { SqlExpression } from '../tables/table-spec.ts';

/** Takes `count` numbers of a counter within a transaction and returns the first. Returned to the counter by a rollback. */
export type TakeNumbers = (trx: Executor, wanted: Counter) => Promise<number>;

/**
 * The row stays locked until the transaction ends, so numbers become visible in their order and without holes.
 * See https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html for why an auto-increment column would not do.
 */
export function takeNumbers({ dialect }: Database): TakeNumbers {
  const begin = rowInserter(dialect, countersTable, { onTaken: 'keep' });
  return async (trx, wanted) => {
    const { workspaceId, name, count } = wanted;
    let last = await dialect.raiseCounter(trx, wanted);
    if (last === undefined) {
      // The first of its name. Somebody may do the same: the loser waits for the winner's row, and raises it.
      await begin(trx, [{ workspace_id: workspaceId, name, n: 0 }]);
      last = await dialect.raiseCounter(trx, wanted);
    }
    if (last === undefined) throw new Error(`the counter ${name} vanished in the ${dialect.name} transaction that raised it`);
    return last - count + 1;
  };
}

/** Says which number the nth of the next rows has. */
export type NumberRows = (trx: Executor, wanted: Counter) => Promise<(nth: number) => number | SqlExpression>;

/**
 * Takes numbers for rows that are inserted next in the same transaction, before another counter is raised. As with `takeNumbers`, except that
 * on a server they may be known to nobody but the database.
 */
export function numberRows(database: Database): NumberRows {
  const { raiseWithNext } = database.dialect;
  const numbers = takeNumbers(database);
  return async (trx, wanted) => {
    if (raiseWithNext === undefined) {
      const first = await numbers(trx, wanted);
      return (nth) => first + nth;
    }
    await trx.executeQuery(raiseWithNext.statement(wanted));
    return (nth) => raiseWithNext.number(wanted.count - 1 - nth);
  };
}
