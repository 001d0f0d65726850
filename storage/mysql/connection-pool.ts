import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import type { Connection, Pool, PoolConnection } from 'mysql2';
import { ask } from './ask.ts';
import { connectionLost, trouble } from './errors.ts';
import { refusal } from './refusal.ts';
import { endSession, isSessionAtWork, markSession } from './sessions.ts';

/** What is left of a connection when its server does not end it after so long is ended here. */
const END_LIMIT_MS = 1000;

/** The name of its session on the server, and how many silences there had been when it was made. */
type Prepared = { readonly session: string; readonly silences: number };

/** What the pool is made of. */
export type PoolDriver = {
  readonly url: string;
  readonly pool: Pool;
  /** Makes a connection outside of the pool. */
  readonly connect: () => Connection;
  readonly settings: readonly string[];
  /** Longer than this nobody waits for a connection to be made, nor for each of the first answers on it. */
  readonly connectLimitMs: number;
};

/** Connections to one server, every one with the same settings whatever the server's are. */
export class ConnectionPool {
  readonly #driver: PoolDriver;
  readonly #sockets = new Set<Socket>();
  readonly #prepared = new WeakMap<PoolConnection, Prepared>();
  /** Counts how often the server fell silent: what was connected before that is not trusted after it. */
  #silences = 0;
  /** Sessions that the server may still hold, with their locks. */
  readonly #abandoned = new Set<string>();

  constructor(driver: PoolDriver) {
    this.#driver = driver;
  }

  async acquire(): Promise<PoolConnection> {
    for (;;) {
      const connection = await this.#take();
      const prepared = this.#prepared.get(connection);
      if (prepared === undefined) return this.#prepare(connection);
      if (prepared.silences === this.#silences) return connection;
      this.discard(connection);
    }
  }

  /** Ends a connection at once: whoever still waits for an answer on it is told that it is lost. */
  discard(connection: Connection): void {
    // In that order: the driver's own end waits for a server that may be silent, and tells nobody.
    socketOf(connection)?.destroy(connectionLost('it was given up'));
    connection.destroy();
  }

  /**
   * Ends a connection that no answer came on. The server may not notice, so the next connection ends the session there; the idle ones
   * probably lead to the same silence, and waiting for each to show it would take the time limit each.
   */
  abandon(connection: PoolConnection): void {
    this.#silences++;
    const prepared = this.#prepared.get(connection);
    if (prepared !== undefined) this.#abandoned.add(prepared.session);
    this.discard(connection);
  }

  /**
   * Whether the server is at work on what was asked on a connection. Asked on a connection outside of the pool, where all may be waiting
   * for the same; takes as long as making one and getting two answers may take.
   */
  async isAtWork(connection: PoolConnection): Promise<boolean> {
    const prepared = this.#prepared.get(connection);
    if (prepared === undefined) return false;
    const own = this.#driver.connect();
    // Told by the answer as well.
    own.on('error', () => undefined);
    try {
      return await isSessionAtWork((sql) => this.#askSoon(own, sql), prepared.session);
    } finally {
      this.discard(own);
    }
  }

  /** Where it leads to, with what it takes to get in. */
  get url(): string {
    return this.#driver.url;
  }

  #askSoon(connection: Connection, sql: readonly string[]): Promise<unknown> {
    return ask(connection, { sql: sql.join('; '), statements: sql.length, timeoutMs: this.#driver.connectLimitMs });
  }

  #take(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      this.#driver.pool.getConnection((error, taken) => {
        if (error === null) resolve(taken);
        else reject(isRefusal(error) ? refusal(this.#driver.url, error) : error);
      });
    });
  }

  async #prepare(connection: PoolConnection): Promise<PoolConnection> {
    // Those who used it were told; without a listener the process would end.
    connection.on('error', () => undefined);
    const socket = socketOf(connection);
    if (socket !== undefined) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    const [silences, session] = [this.#silences, randomUUID()];
    try {
      await this.#askSoon(connection, [...this.#driver.settings, markSession(session)]);
      for (const old of this.#abandoned) {
        await endSession((sql) => this.#askSoon(connection, sql), old);
        this.#abandoned.delete(old);
      }
    } catch (error) {
      this.discard(connection);
      throw error;
    }
    this.#prepared.set(connection, { session, silences });
    return connection;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      // What is closed already by the other side is closed.
      // (The driver calls back with undefined where its types promise null.)
      this.#driver.pool.end((error) => (!(error instanceof Error) || trouble(error) === 'lost' ? resolve() : reject(error)));
    });
    // The driver has said goodbye, and leaves the end to the server, which may be gone without a word: no process waits for that.
    for (const socket of this.#sockets) socket.unref().setTimeout(END_LIMIT_MS, () => socket.destroy());
  }
}

/** Whether a server, or the driver for it, has said why there is no connection; a closed pool has no code. */
const isRefusal = (error: Error): boolean => 'code' in error && trouble(error) !== 'lost';

const socketOf = (connection: Connection): Socket | undefined =>
  'stream' in connection && connection.stream instanceof Socket ? connection.stream : undefined;
