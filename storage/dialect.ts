import type { DeferrableQuery } from './deferred-query.ts';
import type { Executor } from './executor.ts';
import type { TableSyntax } from './tables/render-table.ts';
import type { SqlExpression } from './tables/table-spec.ts';

/** What went wrong in the database, as far as the operations care. */
export type Trouble =
  /** A unique key is taken: somebody wrote it between our look and our write. */
  | 'duplicate'
  /** A deadlock or a conflict between transactions: the same again may well succeed. */
  | 'conflict'
  /** The lock did not become free in time. */
  | 'busy'
  /** The connection is gone, or there is none to be had: another one may do. */
  | 'lost'
  /** The server takes no writes now. */
  | 'read-only'
  | 'other';

export type Counter = { readonly workspaceId: string; readonly name: string; readonly count: number };

export type RaiseWithNext = {
  /** Adds to the counter, which begins at 0. */
  readonly statement: (counter: Counter) => DeferrableQuery;
  /** The new numbers, until the next counter is raised: `before` = 0 is the last of them. */
  readonly number: (before: number) => SqlExpression;
};

/** What differs between the databases, for the operations that both share. */
export type Dialect = {
  readonly name: 'sqlite' | 'mysql';
  readonly tables: TableSyntax;
  /** Tail of an insert that leaves a row alone whose key is taken. */
  readonly keepExisting: string;
  /** Tail of an insert that sets columns of the row whose key is taken. */
  readonly replaceExisting: (key: readonly string[], columns: readonly string[]) => string;
  /** Tail of a select that locks the rows it reads against every other writer until the transaction ends. */
  readonly lockRows: string;
  /** The same, while others may hold the same lock too. */
  readonly shareRows: string;
  /** The statements after which a connection sees the data as they are now, whatever others write, until it commits. */
  readonly beginSnapshot: readonly string[];
  /** Rows of the next insert statement when `left` rows are left. */
  readonly insertSize: (left: number) => number;
  /** Whether all rows of an insert are one parameter, a list of lists, after `values`: the client need not look for a thousand marks in its text. */
  readonly rowsAreOneParameter: boolean;
  /** Adds to a counter and returns what it is then; undefined where there is no such counter. */
  readonly raiseCounter: (trx: Executor, counter: Counter) => Promise<number | undefined>;
  /**
   * The same in the packet of the statements that come next, where an answer would be waited for: the counter is not locked while this
   * process is at something else. Absent where asking costs nothing.
   */
  readonly raiseWithNext?: RaiseWithNext;
  /** Rows that are deleted in one transaction: with all of their indexes they cost much more than rows that are added. */
  readonly deleteSize: number;
  /** How much may be written in one transaction that many share: rows, roughly. */
  readonly sliceWeight: number;
  /** Whether a look is no round trip: else rows that are most likely new are inserted without one, and looked for when that fails. */
  readonly looksAreFree: boolean;
  readonly trouble: (error: unknown) => Trouble;
};
