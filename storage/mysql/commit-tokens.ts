import { randomUUID } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import { RiskflowError } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import type { DeferrableQuery } from '../deferred-query.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { trouble } from './errors.ts';

/** Names one try of one transaction, begun `at` (milliseconds since 1970). */
export type CommitToken = { readonly writer: string; readonly seq: number; readonly at: number };

/** Tokens are deleted so many commits later; one by one would be a write more for each. */
const KEPT = 64;
/** A process that ended without cleaning up waits for no outcome after a day. */
const FORGOTTEN_AFTER_MS = 86_400_000;
/** Far enough from that, whatever the clocks of other machines say: after so long an outcome is not asked for any more. */
const ASKED_WITHIN_MS = FORGOTTEN_AFTER_MS / 2;
const CLEANED_EVERY_MS = 3_600_000;
/** Rows that one cleaning removes at most. */
const CLEANED_AT_ONCE = 1000;

/**
 * Every transaction writes a row of its own as the last thing before its commit. Whoever lost the connection before the answer
 * came tries to insert the same row: when it can be inserted the commit has not happened, and never can any more.
 */
export class CommitTokens {
  readonly #writer = randomUUID();
  #seq = 0;
  #deletedBelow = 0;
  readonly #open = new Set<number>();
  #cleanedAt = Date.now();
  #cleaning: Promise<void> | undefined;

  next(): CommitToken {
    const seq = ++this.#seq;
    this.#open.add(seq);
    return { writer: this.#writer, seq, at: Date.now() };
  }

  /** Its outcome is known: nobody will ask for it again. */
  settle({ seq }: CommitToken): void {
    this.#open.delete(seq);
  }

  /** Adds the row to a transaction, and now and then removes those that nobody will ask for. */
  async mark(trx: Executor, { writer, seq, at }: CommitToken): Promise<void> {
    await trx.executeQuery(deferred(INSERT, [writer, seq, 1, at]));
    const settledBelow = Math.min(...this.#open);
    if (settledBelow - this.#deletedBelow < KEPT) return;
    await trx.executeQuery(deferred('delete from commits where writer = ? and seq < ?', [writer, settledBelow]));
    this.#deletedBelow = settledBelow;
  }

  /** At most hourly, and without anybody waiting for it: removes what ended processes have left behind. */
  cleanNowAndThen(on: Executor): void {
    if (this.#cleaning !== undefined || Date.now() - this.#cleanedAt < CLEANED_EVERY_MS) return;
    this.#cleanedAt = Date.now();
    // What fails now is tried again in an hour.
    this.#cleaning = forgetOld(on)
      .catch(() => undefined)
      .finally(() => (this.#cleaning = undefined));
  }

  /** Removes what this process, and what ended ones, have left behind. */
  async cleanAll(on: Executor): Promise<void> {
    await this.#cleaning;
    await execute(on, 'delete from commits where writer = ?', [this.#writer]);
    await forgetOld(on);
  }
}

/** Looks without locks and then deletes by key: writers whose rows lie in between are not waited for. */
async function forgetOld(on: Executor): Promise<void> {
  const text = `select writer, seq from commits where written_at < ? limit ${CLEANED_AT_ONCE}`;
  const old = await rowsOf<{ readonly writer: string; readonly seq: number }>(on, text, [Date.now() - FORGOTTEN_AFTER_MS]);
  if (old.length === 0) return;
  const keys = old.map(() => '(writer = ? and seq = ?)').join(' or ');
  await execute(
    on,
    `delete from commits where ${keys}`,
    old.flatMap(({ writer, seq }) => [writer, seq]),
  );
}

const INSERT = 'insert into commits (writer, seq, committed, written_at) values (?, ?, ?, ?)';
const deferred = (text: string, parameters: readonly unknown[]): DeferrableQuery => ({
  ...CompiledQuery.raw(text, [...parameters]),
  deferrable: true,
});

/**
 * Whether the transaction with this token was committed, for certain: from now on it is, or never will be. Waits for a transaction that
 * is still open on the server. Asking again gives the same answer.
 * @throws RiskflowError `failed` when it is too long ago: the row may have been removed (a machine that slept in the middle of a commit)
 */
export async function wasCommitted(on: Executor, { writer, seq, at }: CommitToken): Promise<boolean> {
  if (Date.now() - at > ASKED_WITHIN_MS) {
    throw new RiskflowError(
      'failed',
      'the connection was lost in the middle of a commit so long ago that its outcome is not known any more',
      {
        hint: 'see what is stored before doing the same again',
      },
    );
  }
  try {
    await execute(on, INSERT, [writer, seq, 0, Date.now()]);
    return false;
  } catch (error) {
    if (trouble(error) !== 'duplicate') throw error;
  }
  const text = 'select committed from commits where writer = ? and seq = ?';
  return (await rowsOf<{ readonly committed: number }>(on, text, [writer, seq]))[0]?.committed === 1;
}
