import { parseString } from 'fast-csv';
import type { CsvRecord } from './csv-records.ts';

/** A record and its rows of cells: none for a blank line, more than one only where lines end with a lone CR. Or why it has none. */
export type CsvCells = { readonly record: CsvRecord } & (
  { readonly rows: readonly (readonly string[])[] } | { readonly message: string; readonly bytes: Uint8Array }
);

type TextRecord = Extract<CsvRecord, { text: string }>;

/** Characters that are parsed in one go. */
const BATCH_LENGTH = 64 * 1024;

/** Parses records, many at a time, but without waiting for any that is not at hand. */
export async function* csvCells(records: AsyncIterable<CsvRecord>, delimiter: string): AsyncGenerator<CsvCells, void> {
  let batch: TextRecord[] = [];
  let length = 0;
  for await (const record of records) {
    if ('text' in record) {
      batch.push(record);
      length += record.text.length;
      if (length < BATCH_LENGTH && record.more) continue;
    }
    yield* parseBatch(batch, delimiter);
    if ('message' in record) yield { record, message: record.message, bytes: record.bytes };
    batch = [];
    length = 0;
  }
  yield* parseBatch(batch, delimiter);
}

/** All records at once, or one by one when one of them is broken, to know which. */
async function* parseBatch(records: readonly TextRecord[], delimiter: string): AsyncGenerator<CsvCells, void> {
  const all = await parseText(records.map((record) => record.text).join(''), delimiter);
  if (all?.length === records.length) {
    for (const [i, record] of records.entries()) yield { record, rows: all.slice(i, i + 1).filter(isNotBlank) };
    return;
  }
  for (const record of records) {
    const rows = await parseText(record.text, delimiter);
    if (rows === undefined) yield { record, message: BROKEN_QUOTING, bytes: bytesOfText(record.text) };
    else yield { record, rows: rows.filter(isNotBlank) };
  }
}

const isNotBlank = (cells: readonly string[]): boolean => cells.length > 0;

/** The bytes of a record's text, without its line end. */
export const bytesOfText = (text: string): Uint8Array => Buffer.from(text.replace(/\r?\n$/, ''));

const BROKEN_QUOTING =
  'its quoting is broken: behind a closing quote the field must end, and a quote within a quoted field is written twice';

/** The cells of each record, none for a blank line; undefined when the quoting is broken. */
async function parseText(text: string, delimiter: string): Promise<readonly (readonly string[])[] | undefined> {
  const rows: (readonly string[])[] = [];
  const parser = parseString(text, { headers: false, delimiter, ignoreEmpty: false }) as AsyncIterable<readonly string[]>;
  try {
    for await (const cells of parser) rows.push(cells);
    return rows;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Parse Error')) return undefined;
    throw error;
  }
}

/** Why a row does not fit its header. */
export const wrongCount = (cells: number, columns: number): string =>
  `it has ${cells} ${cells === 1 ? 'field' : 'fields'}, but the header has ${columns}`;
