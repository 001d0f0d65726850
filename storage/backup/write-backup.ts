import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CompiledQuery } from 'kysely';
import { isRiskflowError, messageOf, RiskflowError } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { readSchemaState } from '../migrations/schema-state.ts';
import { hasTable } from '../migrations/steps.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import type { SqlRow, TableSpec } from '../tables/table-spec.ts';
import { backedUpTables, encodeValue, FORMAT, type Header, type ProjectionHash, type Trailer } from './format.ts';
import { totalOf } from './read-backup.ts';

export type BackupSummary = {
  readonly file: string;
  readonly bytes: number;
  readonly level: number;
  readonly workspaces: readonly string[];
  readonly rows: Readonly<Record<string, number>>;
  readonly projections: readonly ProjectionHash[];
  readonly sha256: string;
};

export type BackupWork = {
  readonly database: Database;
  readonly file: string;
  /** Hashes of the projections of a workspace as this connection sees them; none of those that are behind. */
  readonly hashes: (on: Executor, workspaceId: string) => Promise<readonly ProjectionHash[]>;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
};

const ROWS_AT_ONCE = 100;

/**
 * Writes all primary rows as they are at one moment, while others go on writing. The file appears under its name when it is whole.
 * @throws RiskflowError `usage` when the file is there already, or its folder is not
 */
export async function writeBackup(work: BackupWork): Promise<BackupSummary> {
  const { database, file } = work;
  if (existsSync(file)) throw new RiskflowError('usage', `${file} exists already`, { hint: 'name another file, or move it away' });
  if (!existsSync(dirname(file))) {
    throw new RiskflowError('usage', `there is no folder ${dirname(file)}`, { hint: 'make it, or name a file elsewhere' });
  }
  const part = `${file}.${randomUUID().slice(0, 8)}.part`;
  try {
    const written = await database.session(({ connection }) => inSnapshot(database, connection, () => writeFile(work, connection, part)), {
      once: true,
    });
    renameSync(part, file);
    return { file, bytes: statSync(file).size, ...written };
  } catch (error) {
    if (isRiskflowError(error)) throw error;
    throw new RiskflowError('failed', `the backup could not be written to ${file}: ${messageOf(error)}`, {
      cause: error,
      hint: 'nothing is left of it; try again',
    });
  } finally {
    rmSync(part, { force: true });
  }
}

async function inSnapshot<T>({ dialect }: Database, on: Executor, work: () => Promise<T>): Promise<T> {
  for (const statement of dialect.beginSnapshot) await rowsOf(on, statement, []);
  try {
    return await work();
  } finally {
    await execute(on, 'rollback').catch(() => undefined);
  }
}

async function writeFile(work: BackupWork, on: Executor, part: string): Promise<Omit<BackupSummary, 'file' | 'bytes'>> {
  const header = await readHeader(work.database, on);
  const end: { trailer?: Trailer } = {};
  const pieces = async function* (): AsyncGenerator<string> {
    const hash = createHash('sha256');
    const rows: Record<string, number> = {};
    for await (const piece of rowPieces(work, { on, header, rows })) {
      hash.update(piece);
      yield piece;
    }
    const projections: ProjectionHash[] = [];
    for (const workspaceId of header.workspaces) for (const each of await work.hashes(on, workspaceId)) projections.push(each);
    end.trailer = { end: true, rows, projections, sha256: hash.digest('hex') };
    yield `${JSON.stringify(end.trailer)}\n`;
  };
  // With flush the file is on the disk when it has its name.
  await pipeline(Readable.from(pieces()), createGzip(), createWriteStream(part, { flush: true, mode: 0o600 }));
  if (end.trailer === undefined) throw new TypeError('a backup without an end');
  const { rows, projections, sha256 } = end.trailer;
  return { level: header.level, workspaces: header.workspaces, rows, projections, sha256 };
}

async function readHeader({ dialect, now }: Database, on: Executor): Promise<Header> {
  const { level } = await readSchemaState(on, dialect);
  const rows: Record<string, number> = {};
  for (const { name } of backedUpTables) {
    if (!(await hasTable(on, dialect, name))) continue;
    const [counted] = await rowsOf<{ readonly n: number }>(on, `select count(*) as n from ${name}`, []);
    rows[name] = Number(counted?.n ?? 0);
  }
  const found = await rowsOf<{ readonly workspace_id: string }>(on, 'select distinct workspace_id from counters order by workspace_id', []);
  const workspaces = found.map((row) => row.workspace_id);
  return { riskflow: 'backup', format: FORMAT, level, createdAt: new Date(now()).toISOString(), workspaces, rows };
}

type RowWork = { readonly on: Executor; readonly header: Header; readonly rows: Record<string, number> };

/** The header and all rows as text; counts them in `rows`. */
async function* rowPieces({ onProgress }: BackupWork, { on, header, rows }: RowWork): AsyncGenerator<string> {
  const total = totalOf(header);
  let done = 0;
  yield `${JSON.stringify(header)}\n`;
  for (const table of backedUpTables) {
    let columns: readonly string[] | undefined;
    for await (const chunk of readTable(on, table, header)) {
      if (columns === undefined) {
        // Those that are there: tables of an earlier level may lack some.
        columns = Object.keys(chunk[0] ?? {});
        yield `${JSON.stringify({ table: table.name, columns })}\n`;
      }
      yield chunk.map((row) => rowLine(row, columns ?? [])).join('');
      rows[table.name] = (rows[table.name] ?? 0) + chunk.length;
      done += chunk.length;
      onProgress?.(done, total);
    }
  }
}

const rowLine = (row: SqlRow, columns: readonly string[]): string =>
  `${JSON.stringify(columns.map((column) => encodeValue(row[column])))}\n`;

async function* readTable(on: Executor, { name, primaryKey }: TableSpec, header: Header): AsyncGenerator<readonly SqlRow[]> {
  if ((header.rows[name] ?? 0) === 0) return;
  const query = CompiledQuery.raw(`select * from ${name} order by ${primaryKey.join(', ')}`) as CompiledQuery<SqlRow>;
  for await (const { rows } of on.getExecutor().stream<SqlRow>(query, ROWS_AT_ONCE)) if (rows.length > 0) yield rows;
}
