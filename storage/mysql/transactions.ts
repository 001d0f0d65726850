import { setTimeout as delay } from 'node:timers/promises';
import { CompiledQuery, type Kysely } from 'kysely';
import { RiskflowError } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import type { DeferrableQuery } from '../deferred-query.ts';
import { execute } from '../prepared-query.ts';
import type { Tables } from '../tables/database-tables.ts';
import { type CommitToken, type CommitTokens, wasCommitted } from './commit-tokens.ts';
import { connectionLost, trouble } from './errors.ts';
import { type Patience, patiently } from './patience.ts';

/** How often a transaction is tried that another one got in the way of. */
const MAX_ATTEMPTS = 20;

export type Transactions = { readonly db: Kysely<Tables>; readonly tokens: CommitTokens; readonly patience: Patience };
type Work<T> = (trx: Executor) => Promise<T>;
/** `unknown`: the connection was lost after the commit was sent and before it was answered. */
type Attempt<T> = { readonly value: T; readonly unknown?: CommitToken };

/** Runs `work` in a transaction that is committed exactly once, whatever happens to connections and servers meanwhile. */
export function inTransaction<T>({ db, tokens, patience }: Transactions, work: Work<T>): Promise<T> {
  return patiently(patience, async () => {
    for (;;) {
      const { value, unknown } = await withoutConflict(() => db.connection().execute((connection) => attempt(connection, tokens, work)));
      if (unknown === undefined) return value;
      try {
        if (await patiently(patience, () => withoutConflict(() => wasCommitted(db, unknown)))) return value;
      } finally {
        // Known or given up: in either case nobody asks again.
        tokens.settle(unknown);
      }
    }
  });
}

/** The same on a connection that is not to be exchanged: when it is lost, so is the work. */
export const onConnection = <T>(connection: Executor, tokens: CommitTokens, work: Work<T>): Promise<T> =>
  withoutConflict(async () => {
    const { value, unknown } = await attempt(connection, tokens, work);
    if (unknown === undefined) return value;
    tokens.settle(unknown);
    throw connectionLost('in the middle of a commit');
  });

const START: DeferrableQuery = { ...CompiledQuery.raw('start transaction'), deferrable: true };

async function attempt<T>(connection: Executor, tokens: CommitTokens, work: Work<T>): Promise<Attempt<T>> {
  await connection.executeQuery(START);
  let value: T;
  try {
    value = await work(connection);
  } catch (error) {
    await rollBack(connection, error);
    throw error;
  }
  const token = tokens.next();
  try {
    await tokens.mark(connection, token);
    await execute(connection, 'commit');
  } catch (error) {
    if (trouble(error) === 'lost') return { value, unknown: token };
    // The server has answered, and the answer is no.
    tokens.settle(token);
    await rollBack(connection, error);
    throw error;
  }
  tokens.settle(token);
  return { value };
}

async function rollBack(connection: Executor, reason: unknown): Promise<void> {
  // A lost connection was ended, which rolls back as well.
  if (trouble(reason) === 'lost') return;
  try {
    await execute(connection, 'rollback');
  } catch {
    // Lost by now, and so ended.
  }
}

async function withoutConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await work();
    } catch (error) {
      const kind = trouble(error);
      if (kind !== 'duplicate' && kind !== 'conflict' && kind !== 'busy') throw error;
      if (attempts === MAX_ATTEMPTS) throw kind === 'duplicate' ? error : busyError(error);
    }
    await delay(Math.random() * 5 * attempts);
  }
}

const busyError = (error: unknown): RiskflowError =>
  new RiskflowError('busy', `other transactions were in the way ${MAX_ATTEMPTS} times`, { cause: error, hint: 'try again later' });
