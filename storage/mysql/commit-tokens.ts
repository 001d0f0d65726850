import { randomUUID } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import type { Executor } from '../database.ts';
import type { DeferrableQuery } from '../deferred-query.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { trouble } from './errors.ts';

/** Names one try of one transaction. */
export type CommitToken = { readonly writer: string; readonly seq: number };

/** Tokens are deleted so many commits later; one by one would be a write more for each. */
const KEPT = 64;
/** A process that ended without cleaning up waits for no outcome after a day. */
const FORGOTTEN_AFTER_MS = 86_400_000;

/**
 * Every transaction writes a row of its own as the last thing before its commit. Whoever lost the connection before the answer
 * came tries to insert the same row: when it can be inserted the commit has not happened, and never can any more.
 */
export class CommitTokens {
  readonly #writer = randomUUID();
  #seq = 0;
  #deletedBelow = 0;
  readonly #open = new Set<number>();

  next(): CommitToken {
    const seq = ++this.#seq;
    this.#open.add(seq);
    return { writer: this.#writer, seq };
  }

  /** Its outcome is known: nobody will ask for it again. */
  settle({ seq }: CommitToken): void {
    this.#open.delete(seq);
  }

  /** Adds the row to a transaction, and now and then removes those that nobody will ask for. */
  async mark(trx: Executor, { writer, seq }: CommitToken): Promise<void> {
    await trx.executeQuery(deferred(INSERT, [writer, seq, 1, Date.now()]));
    const settledBelow = Math.min(...this.#open);
    if (settledBelow - this.#deletedBelow < KEPT) return;
    await trx.executeQuery(deferred('delete from commits where writer = ? and seq < ?', [writer, settledBelow]));
    this.#deletedBelow = settledBelow;
  }

  /** Removes what this process, and what dead ones, have left behind. */
  async clean(on: Executor): Promise<void> {
    await execute(on, 'delete from commits where writer = ? or written_at < ?', [this.#writer, Date.now() - FORGOTTEN_AFTER_MS]);
  }
}

const INSERT = 'insert into commits (writer, seq, committed, written_at) values (?, ?, ?, ?)';
const deferred = (text: string, parameters: readonly unknown[]): DeferrableQuery => ({
  ...CompiledQuery.raw(text, [...parameters]),
  deferrable: true,
});

/**
 * Whether the transaction with this token was committed, for certain: from now on it is, or never will be. Waits for a transaction that
 * is still open on the server. Asking again gives the same answer.
 */
export async function wasCommitted(on: Executor, { writer, seq }: CommitToken): Promise<boolean> {
  try {
    await execute(on, INSERT, [writer, seq, 0, Date.now()]);
    return false;
  } catch (error) {
    if (trouble(error) !== 'duplicate') throw error;
  }
  const text = 'select committed from commits where writer = ? and seq = ?';
  return (await rowsOf<{ readonly committed: number }>(on, text, [writer, seq]))[0]?.committed === 1;
}
