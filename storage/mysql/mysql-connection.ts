import type { DatabaseConnection, QueryResult } from 'kysely';
import type { PoolConnection } from 'mysql2';
import type { DeferrableQuery } from '../deferred-query.ts';
import { ask, type ConnectionPool } from './connection-pool.ts';
import { connectionLost, isSilence, trouble } from './errors.ts';

/** A packet of deferred statements stays well below what a server takes by default (MySQL 64 MB, MariaDB 16 MB). */
const MAX_DEFERRED = 4 << 20;

/**
 * Kysely's view of one connection of the pool, for one user. Between `start transaction` and the next `commit` or `rollback`
 * statements marked as deferrable are sent together with the one that comes after them.
 */
export class MysqlConnection implements DatabaseConnection {
  readonly #connection: PoolConnection;
  readonly #pool: ConnectionPool;
  readonly #answerLimitMs: number | undefined;
  #inTransaction = false;
  #broken = false;
  #deferred: string[] = [];
  #deferredSize = 0;

  private constructor(connection: PoolConnection, pool: ConnectionPool, answerLimitMs: number | undefined) {
    this.#connection = connection;
    this.#pool = pool;
    this.#answerLimitMs = answerLimitMs;
  }

  static async acquire(pool: ConnectionPool, answerLimitMs: number | undefined): Promise<MysqlConnection> {
    return new MysqlConnection(await pool.acquire(), pool, answerLimitMs);
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
    const stream = this.#connection.query(query.sql, [...query.parameters]).stream({ highWaterMark: chunkSize });
    try {
      let rows: R[] = [];
      for await (const row of stream) {
        rows.push(row as R);
        if (rows.length < chunkSize) continue;
        yield { rows };
        rows = [];
      }
      if (rows.length > 0) yield { rows };
    } catch (error) {
      this.#look(error);
      throw error;
    } finally {
      // Whoever stops in the middle leaves an answer behind that is still coming.
      if (!stream.readableEnded) this.#discard();
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
    try {
      return await ask(this.#connection, { sql: statements.join('; '), statements: statements.length, timeoutMs: this.#answerLimitMs });
    } catch (error) {
      this.#look(error);
      throw error;
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
