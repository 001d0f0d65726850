import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { RiskflowError, toJsonText } from '../../schemas/index.ts';
import type { ReadItem } from '../delivery.ts';
import { parquetShape } from './parquet-values.ts';

/** Rows that are decoded in one go: their columns are read from the file for each. */
const BLOCK_ROWS = 5000;

/** The number of rows of a Parquet file. @throws RiskflowError `invalid_file` */
export async function parquetRows(path: string): Promise<number> {
  const metadata = await reading(async () => parquetMetadataAsync(await asyncBufferFromFile(path)));
  return Number(metadata.num_rows);
}

/** The rows of a Parquet file from a row number on, placed by their numbers from 0. @throws RiskflowError `invalid_file` when it cannot be read. */
export async function* parquetItems(path: string, from: number): AsyncGenerator<ReadItem, void> {
  const file = await reading(() => asyncBufferFromFile(path));
  const { metadata, parsers, toFields } = parquetShape(await reading(() => parquetMetadataAsync(file)));
  const end = Number(metadata.num_rows);
  for (let start = from; start < end; start += BLOCK_ROWS) {
    const rowEnd = Math.min(start + BLOCK_ROWS, end);
    const options = { file, metadata, rowStart: start, rowEnd, compressors, parsers, utf8: false, geoparquet: false, useOffsetIndex: true };
    const rows = await reading(() => parquetReadObjects(options));
    for (const [i, row] of rows.entries()) {
      const offset = start + i;
      const fields = toFields(row);
      const text = toJsonText(fields);
      const bytes = Buffer.from(text);
      yield {
        record: { offset, bytes, meta: null, content: { ok: true, fields, text }, recordId: null },
        next: { offset: offset + 1, position: null },
        size: bytes.length,
        more: true,
      };
    }
  }
}

/** What the reader throws says what is wrong with the file; what the file system throws has a code. */
async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RiskflowError('invalid_file', `it is not a Parquet file that can be read: ${message}`, { cause });
  }
}
