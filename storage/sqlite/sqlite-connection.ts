import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { explained } from './errors.ts';
import { type Prepared, StatementCache } from './statement-cache.ts';

type Cells = Readonly<Record<number, unknown>>;

/**
 * Kysely's view of one `node:sqlite` connection. Rows are ordinary objects (node:sqlite's own have no prototype), booleans and
 * undefined are accepted as parameters, and integers beyond 2^53 come out as bigint instead of an error. Every statement goes through
 * here, so this is where a damaged file or a full disk becomes a RiskflowError.
 */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements: StatementCache;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = new StatementCache(database);
  }

  /** Executes a statement of our own that takes no parameters and gives no rows. */
  execute(sql: string): void {
    try {
      this.#statements.prepare(sql).statement.run();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  // Not async itself, so that a query costs no more turns of the event loop than Kysely takes anyway.
  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return Promise.resolve(this.#run<R>(query));
    } catch (error) {
      return Promise.reject(this.#explained(error));
    }
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    // A statement of its own: a cached one would be reset by the next query with the same text.
    try {
      const prepared = this.#statements.prepareUncached(query.sql);
      let rows: R[] = [];
      for (const cells of prepared.statement.iterate(...toParameters(query.parameters))) {
        rows.push(toRow(prepared.columns, cells) as R);
        if (rows.length < chunkSize) continue;
        yield { rows };
        rows = [];
      }
      if (rows.length > 0) yield { rows };
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    return explained(error, this.#database.location() ?? 'in memory');
  }

  #run<R>(query: CompiledQuery): QueryResult<R> {
    const prepared = this.#statements.prepare(query.sql);
    const parameters = toParameters(query.parameters);
    if (prepared.columns.length > 0) return { rows: readAll(prepared, parameters) as R[] };
    const { changes } = prepared.statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }
}

function readAll({ statement, columns }: Prepared, parameters: readonly SQLInputValue[]): Readonly<Record<string, unknown>>[] {
  try {
    return statement.all(...parameters).map((cells) => toRow(columns, cells));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // An integer beyond 2^53. Rare enough to read everything once more as bigint; only selects give rows here.
    statement.setReadBigInts(true);
    try {
      return statement.all(...parameters).map((cells) => toRow(columns, cells));
    } finally {
      statement.setReadBigInts(false);
    }
  }
}

function toRow(columns: readonly string[], cells: Cells): Readonly<Record<string, unknown>> {
  const row: Record<string, unknown> = {};
  for (let i = 0; i < columns.length; i++) row[columns[i] ?? ''] = toPlain(cells[i]);
  return row;
}

const toPlain = (cell: unknown): unknown =>
  typeof cell === 'bigint' && cell >= Number.MIN_SAFE_INTEGER && cell <= Number.MAX_SAFE_INTEGER ? Number(cell) : cell;

// Nearly always there is nothing to do, and no copy to make.
const toParameters = (values: readonly unknown[]): readonly SQLInputValue[] => (areParameters(values) ? values : values.map(toParameter));

const areParameters = (values: readonly unknown[]): values is readonly SQLInputValue[] => values.every(isParameter);

function isParameter(value: unknown): value is SQLInputValue {
  return (
    typeof value === 'string' || typeof value === 'number' || value === null || typeof value === 'bigint' || value instanceof Uint8Array
  );
}

function toParameter(value: unknown): SQLInputValue {
  if (isParameter(value)) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined) return null;
  throw new TypeError(`a ${Object.prototype.toString.call(value)} cannot be a parameter of an SQLite statement`);
}
