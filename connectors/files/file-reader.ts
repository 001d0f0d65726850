import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isRiskflowError, messageOf, RiskflowError, type ErrorCode } from '../../schemas/index.ts';
import type { ReadItem } from '../delivery.ts';
import { csvItems } from './csv-items.ts';
import type { ItemsOptions } from './items-options.ts';
import { ndjsonItems } from './ndjson-items.ts';
import { linesOf, readLines, type FileLine } from './read-lines.ts';

export type FileFormat = 'ndjson' | 'csv' | 'parquet';

/** A file that cannot be read: the trouble is the file's, not that of whoever takes what it holds. */
export class FileTrouble extends RiskflowError {
  /** Packed data that end too early: the rest may be on its way. */
  get isCut(): boolean {
    return this.cause instanceof Error && 'code' in this.cause && this.cause.code === CUT;
  }
}
const CUT = 'Z_BUF_ERROR';

/** A file at one moment. `mark` changes whenever its content may have; times are milliseconds since 1970. */
export type FileLook = { readonly size: number; readonly changedAt: number; readonly mark: string };

export type PassOptions = ItemsOptions & {
  /** Where no more can come soon: a last row of CSV without a line end counts. */
  readonly takesLastRow: boolean;
  /** Where nobody has written for long: a quote of CSV that is open at the end will not be closed. */
  readonly endsQuotes: boolean;
  /** Called when the file ends before the place to begin at, with where it ends. */
  readonly onShort: (end: number) => void;
};

/** Reads one file of a known format. Everything throws FileTrouble. */
export type FileReader = {
  readonly path: string;
  /** Whether more may be written behind what there is: not so for what is packed or has its own end. */
  readonly grows: boolean;
  look(): Promise<FileLook>;
  /** Where it ends: bytes, or records of Parquet. Null where that can only be known by reading it all (what is packed). */
  end(look: FileLook): Promise<number | null>;
  items(from: number, options: PassOptions): AsyncIterable<ReadItem>;
};

const FORMATS: readonly (readonly [RegExp, FileFormat])[] = [
  [/\.(ndjson|jsonl)(\.gz)?$/i, 'ndjson'],
  [/\.(csv|tsv)(\.gz)?$/i, 'csv'],
  [/\.parquet$/i, 'parquet'],
];
const PACKED = /\.gz$/i;
const TABS = /\.tsv(\.gz)?$/i;
/** What a topic's name may have. */
const LONGEST_TOPIC = 190;

/** The format that a name tells; undefined where it tells none. */
const formatOfName = (name: string): FileFormat | undefined => FORMATS.find(([pattern]) => pattern.test(name))?.[1];

/** @throws RiskflowError `usage` when the format is not known, or the name too long for a topic. */
export function fileReader(path: string, given?: FileFormat): FileReader {
  const name = basename(path);
  const format = given ?? formatOfName(name);
  if (format === undefined) {
    throw new RiskflowError('usage', `the name of ${path} does not tell what is in it`, { hint: 'set format to ndjson, csv or parquet' });
  }
  if (name.length > LONGEST_TOPIC) throw new RiskflowError('usage', `the name of ${path} is longer than ${LONGEST_TOPIC} characters`);
  const look = (): Promise<FileLook> => withTrouble(path, () => lookAt(path));
  if (format === 'parquet') return parquetReader(path, look);
  const packed = PACKED.test(name);
  const delimiter = TABS.test(name) ? '\t' : ',';
  return {
    path,
    grows: !packed,
    look,
    end: ({ size }) => Promise.resolve(packed ? null : size),
    items(from, options) {
      const lines = (at: number): AsyncGenerator<FileLine, void> =>
        packed ? linesOf(unpacked(path, at, options.onShort), { fromOffset: at }) : readLines(path, { fromOffset: at });
      const items =
        format === 'ndjson'
          ? ndjsonItems(lines(from), options)
          : csvItems({ rest: lines(from), beginning: from === 0 ? null : lines(0) }, { ...options, delimiter });
      return troubled(path, items);
    },
  };
}

/** Few files are Parquet, and its reader takes long to load. */
const loadParquet = () => import('./parquet-items.ts');

function parquetReader(path: string, look: () => Promise<FileLook>): FileReader {
  let known: { readonly mark: string; readonly rows: number } | undefined;
  const end = async ({ mark, size }: FileLook): Promise<number> => {
    // A file of no bytes is one that somebody is about to write.
    if (size === 0) return 0;
    if (known?.mark !== mark) known = { mark, rows: await withTrouble(path, async () => (await loadParquet()).parquetRows(path)) };
    return known.rows;
  };
  const items = async function* (from: number): AsyncGenerator<ReadItem, void> {
    if ((await lookAt(path)).size > 0) yield* (await loadParquet()).parquetItems(path, from);
  };
  return { path, grows: false, look, end, items: (from) => troubled(path, items(from)) };
}

async function lookAt(path: string): Promise<FileLook> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new FileTrouble('not_found', `${path} is not a file`);
  return { size: stats.size, changedAt: stats.mtimeMs, mark: `${stats.ino}/${stats.size}/${stats.mtimeMs}` };
}

/** The unpacked bytes from one of them on. */
async function* unpacked(path: string, from: number, onShort: (end: number) => void): AsyncGenerator<Buffer, void> {
  // Errors of either stream come out where the second one is read.
  const stream = pipeline(createReadStream(path), createGunzip(), () => undefined);
  let skip = from;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (chunk.length > skip) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
  if (skip > 0) onShort(from - skip);
}

async function withTrouble<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw troubleOf(path, error);
  }
}

async function* troubled(path: string, items: AsyncIterable<ReadItem>): AsyncGenerator<ReadItem, void> {
  try {
    yield* items;
  } catch (error) {
    throw troubleOf(path, error);
  }
}

const TROUBLES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['not_found', 'there is no such file'],
  ENOTDIR: ['not_found', 'a part of its path is not a folder'],
  EISDIR: ['not_found', 'it is a folder'],
  EACCES: ['failed', 'this process has no right to read it'],
  EPERM: ['failed', 'this process has no right to read it'],
  [CUT]: ['invalid_file', 'it ends in the midst of its packed data: it was cut, or is still being written'],
  Z_DATA_ERROR: ['invalid_file', 'its packed data are damaged, or it is not a gzip file'],
};

/** What went wrong with a file, as a sentence with its path. */
export function troubleOf(path: string, error: unknown): FileTrouble {
  if (error instanceof FileTrouble) return error;
  const known = error instanceof Error && 'code' in error ? TROUBLES[String(error.code)] : undefined;
  const [code, what] = known ?? (isRiskflowError(error) ? [error.code, error.message] : ['failed' as const, messageOf(error)]);
  return new FileTrouble(code, `${path} cannot be read: ${what}`, { cause: error });
}
