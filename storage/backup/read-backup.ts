import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { z } from 'zod';
import { messageOf, RiskflowError } from '../../schemas/core.ts';
import { damaged, FORMAT, type Header, headerSchema, tableLineSchema, type Trailer, TRAILER_START, trailerSchema } from './format.ts';

export type BackupRow = { readonly table: string; readonly columns: readonly string[]; readonly values: readonly unknown[] };
export type BackupReader = {
  readonly onHeader: (header: Header) => Promise<void> | void;
  readonly onRow?: (row: BackupRow) => Promise<void> | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
};

const PROGRESS_EVERY = 1000;

/**
 * Reads a backup line by line, and returns its trailer when every byte is as it was written.
 * @throws RiskflowError `invalid_file` for anything else; rows may have been handed out by then
 */
export async function readBackup(file: string, reader: BackupReader): Promise<Trailer> {
  const hash = createHash('sha256');
  const rows: Record<string, number> = {};
  let header: Header | undefined;
  let trailer: Trailer | undefined;
  let current: { readonly table: string; readonly columns: readonly string[] } | undefined;
  let done = 0;
  for await (const line of linesOf(file)) {
    if (trailer !== undefined) throw damaged('something follows its end');
    const text = line.toString('utf8');
    if (header !== undefined && text.startsWith(TRAILER_START)) {
      trailer = checkTrailer(text, hash, rows);
      continue;
    }
    hash.update(line).update('\n');
    if (header === undefined) {
      header = checkHeader(text);
      await reader.onHeader(header);
    } else if (text.startsWith('{')) {
      current = parse(tableLineSchema, text);
      rows[current.table] = 0;
    } else {
      if (current === undefined) throw damaged('a row belongs to no table');
      rows[current.table] = (rows[current.table] ?? 0) + 1;
      const handled = reader.onRow?.({ ...current, values: rowOf(text, current.columns.length) });
      if (handled !== undefined) await handled;
      if (++done % PROGRESS_EVERY === 0) reader.onProgress?.(done, totalOf(header));
    }
  }
  if (header === undefined || trailer === undefined) throw damaged('its end is missing');
  reader.onProgress?.(done, totalOf(header));
  return trailer;
}

export const totalOf = ({ rows }: Header): number => Object.values(rows).reduce((sum, count) => sum + count, 0);

function checkHeader(text: string): Header {
  if (!text.startsWith('{"riskflow":"backup"')) throw new RiskflowError('invalid_file', 'the file is not a backup of Riskflow');
  const header = parse(headerSchema, text);
  if (header.format <= FORMAT) return header;
  throw new RiskflowError('unsupported', `the backup has format ${header.format}, and this version of Riskflow reads up to ${FORMAT}`, {
    hint: 'restore it with the version that made it',
  });
}

function checkTrailer(text: string, hash: Hash, rows: Readonly<Record<string, number>>): Trailer {
  const trailer = parse(trailerSchema, text);
  if (trailer.sha256 !== hash.digest('hex')) throw damaged('its content is not what was written');
  for (const [table, count] of Object.entries(trailer.rows)) {
    if ((rows[table] ?? 0) !== count) throw damaged(`${table} has ${rows[table] ?? 0} rows instead of ${count}`);
  }
  return trailer;
}

function rowOf(text: string, columns: number): readonly unknown[] {
  const values = parseJson(text);
  if (Array.isArray(values) && values.length === columns) return values as readonly unknown[];
  throw damaged('a row does not have the columns of its table');
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw damaged(`a line is not what it should be: ${text.slice(0, 60)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw damaged(`a line is no JSON: ${text.slice(0, 60)}`, cause);
  }
}

/** The lines of a gzip file, without their ends. The last one must have an end too. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file);
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  let parts: Buffer[] = [];
  try {
    for await (const chunk of unpacked) {
      const bytes = chunk as Buffer;
      let from = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        yield Buffer.concat([...parts, bytes.subarray(from, end)]);
        parts = [];
        from = end + 1;
      }
      if (from < bytes.length) parts.push(bytes.subarray(from));
    }
  } catch (error) {
    throw readError(file, error);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
  if (parts.length > 0) throw damaged('its last line has no end');
}

function readError(file: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return new RiskflowError('not_found', `there is no file ${file}`, { cause: error });
  if (code === 'Z_BUF_ERROR') return damaged('it ends in the middle', error);
  if (code === 'Z_DATA_ERROR') return damaged('it is not gzip, or was changed', error);
  return /^E[A-Z]+$/.test(code) ? new RiskflowError('failed', `${file} cannot be read: ${messageOf(error)}`, { cause: error }) : error;
}
