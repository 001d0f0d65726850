import type { DatabaseConnection, QueryResult } from 'kysely';
import type { PoolConnection } from 'mysql2';
import type { DeferrableQuery } from '../deferred-query.ts';
import { ask } from './ask.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { connectionLost, isSilence, trouble } from './errors.ts';
import { explained } from './refusal.ts';
import { streamRows } from './stream-rows.ts';
import { whileAtWork } from './while-at-work.ts';

export type AnswerLimits = {
  /** Milliseconds after which an answer, or the next row of one, is no longer waited for and the connection counts as lost. */
  readonly answerLimitMs: number;
  /** Whether a statement may take longer than that, as long as the server says that it is at work on it. */
  readonly mayTakeLonger?: boolean;
};

/** A packet of deferred statements stays well below what a server takes by default (MySQL 64 MB, MariaDB 16 MB). */
const MAX_DEFERRED = 4 << 20;

/**
 * Kysely's view of one connection of the pool, for one user. Between `start transaction` and the next `commit` or `rollback`
 * statements marked as deferrable are sent together with the one that comes after them.
 */
export class MysqlConnection implements DatabaseConnection {
  readonly #connection: PoolConnection;
  readonly #pool: ConnectionPool;
  readonly #limits: AnswerLimits;
  #inTransaction = false;
  #broken = false;
  #deferred: string[] = [];
  #deferredSize = 0;

  private constructor(connection: PoolConnection, pool: ConnectionPool, limits: AnswerLimits) {
    this.#connection = connection;
    this.#pool = pool;
    this.#limits = limits;
  }

  static async acquire(pool: ConnectionPool, limits: AnswerLimits): Promise<MysqlConnection> {
    return new MysqlConnection(await pool.acquire(), pool, limits);
  }

  async executeQuery<R>(query: DeferrableQuery): Promise<QueryResult<R>> {
    if (this.#broken) throw connectionLost('an earlier statement on it failed');
    const sql = this.#connection.format(query.sql, [...query.parameters]);
    if (sql === 'rollback') this.#forgetDeferred();
    else if (sql === 'start transaction') this.#inTransaction = true;
    if (this.#inTransaction && query.deferrable === true && this.#deferredSize + sql.length < MAX_DEFERRED) {
      this.#deferred.push(sql);
      this.#deferredSize += sql.length;
      return { rows: [] };
    }
    if (sql === 'commit' || sql === 'rollback') this.#inTransaction = false;
    const statements = [...this.#deferred, sql];
    this.#forgetDeferred();
    return toResult<R>(await this.#ask(statements));
  }

  async *streamQuery<R>(query: DeferrableQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    if (this.#broken) throw connectionLost('an earlier statement on it failed');
    const sql = this.#connection.format(query.sql, [...query.parameters]);
    let isWhole = false;
    try {
      const chunks = streamRows<R>(this.#connection, { sql, chunkSize, answerLimitMs: this.#limits.answerLimitMs });
      for await (const rows of chunks) yield { rows };
      isWhole = true;
    } catch (error) {
      this.#look(error);
      throw explained(this.#pool.url, error);
    } finally {
      // Whoever stops in the middle leaves an answer behind that is still coming.
      if (!isWhole) this.#discard();
    }
  }

  /** Gives it back to the pool, or ends it when it is of no more use. */
  release(): void {
    if (this.#inTransaction) this.#discard();
    else if (!this.#broken) this.#connection.release();
  }

  #forgetDeferred(): void {
    this.#deferred = [];
    this.#deferredSize = 0;
  }

  async #ask(statements: readonly string[]): Promise<unknown> {
    const packet = { sql: statements.join('; '), statements: statements.length };
    const { answerLimitMs: limitMs, mayTakeLonger = false } = this.#limits;
    try {
      if (!mayTakeLonger) return await ask(this.#connection, { ...packet, timeoutMs: limitMs });
      return await whileAtWork(ask(this.#connection, packet), { limitMs, isAtWork: () => this.#pool.isAtWork(this.#connection) });
    } catch (error) {
      this.#look(error);
      throw explained(this.#pool.url, error);
    }
  }

  /** A server that takes no writes is left as one that is gone: the next connection may lead to its successor. */
  #look(error: unknown): void {
    const kind = trouble(error);
    if (kind !== 'lost' && kind !== 'read-only') return;
    if (isSilence(error) && !this.#broken) {
      this.#broken = true;
      this.#pool.abandon(this.#connection);
    } else this.#discard();
  }

  /** At once: what is asked on it after this would wait behind a statement that may never be answered. */
  #discard(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#pool.discard(this.#connection);
  }
}

type OkPacket = { readonly insertId: number | string; readonly affectedRows: number };

const isOk = (answer: unknown): answer is OkPacket =>
  typeof answer === 'object' && answer !== null && 'insertId' in answer && 'affectedRows' in answer;

function toResult<R>(answer: unknown): QueryResult<R> {
  if (!isOk(answer)) return { rows: Array.isArray(answer) ? (answer as R[]) : [] };
  const insertId = BigInt(answer.insertId);
  return { rows: [], numAffectedRows: BigInt(answer.affectedRows), ...(insertId === 0n ? {} : { insertId }) };
}
