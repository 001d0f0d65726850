import { parseString } from 'fast-csv';
import { RiskflowError } from '../../schemas/index.ts';
import { csvRecords, type CsvRecord } from './csv-records.ts';
import type { Row, Table } from './row.ts';

/**
 * Reads a CSV file with a header line (RFC 4180; UTF-8 with or without BOM; LF or CRLF). Every field is text. Blank lines are passed
 * over. A row with too many or too few fields, broken quoting or bytes that are no UTF-8 is an error of that row alone.
 * @throws Error from the file system, and RiskflowError `invalid_file` when the header cannot be read.
 */
export async function readCsv(path: string, options: { readonly delimiter?: string } = {}): Promise<Table> {
  const source = cellRows(path, options.delimiter ?? ',');
  const first = await source.next();
  if (first.done === true) return { columns: [], rows: nothing() };
  const header = first.value;
  if ('message' in header) {
    await source.return();
    throw new RiskflowError('invalid_file', `its header (line ${header.line}) has a fault: ${header.message}`);
  }
  const columns = header.cells.map((cell) => cell.trim());
  return { columns, rows: dataRows(source, columns) };
}

type CellRow = { readonly line: number; readonly cells: readonly string[] } | { readonly line: number; readonly message: string };
type TextRecord = Extract<CsvRecord, { text: string }>;

/** Characters that are parsed in one go. */
const BATCH_LENGTH = 64 * 1024;

async function* cellRows(path: string, delimiter: string): AsyncGenerator<CellRow, void> {
  let batch: TextRecord[] = [];
  let length = 0;
  for await (const record of csvRecords(path, delimiter)) {
    if ('text' in record) {
      batch.push(record);
      length += record.text.length;
      if (length < BATCH_LENGTH) continue;
    }
    yield* parseBatch(batch, delimiter);
    if ('message' in record) yield record;
    batch = [];
    length = 0;
  }
  yield* parseBatch(batch, delimiter);
}

/** All records at once, or one by one when one of them is broken, to know which. */
async function* parseBatch(records: readonly TextRecord[], delimiter: string): AsyncGenerator<CellRow, void> {
  const all = await parseText(records.map((record) => record.text).join(''), delimiter);
  if (all?.length === records.length) {
    for (const [i, cells] of all.entries()) if (cells.length > 0) yield { line: records[i]?.line ?? 0, cells };
    return;
  }
  for (const { line, text } of records) {
    const rows = await parseText(text, delimiter);
    if (rows === undefined) yield { line, message: BROKEN_QUOTING };
    // More than one only where lines end with a lone CR.
    else for (const [i, cells] of rows.entries()) if (cells.length > 0) yield { line: line + i, cells };
  }
}

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

async function* dataRows(source: AsyncGenerator<CellRow, void>, columns: readonly string[]): AsyncGenerator<Row, void> {
  for await (const row of source) {
    if ('message' in row) yield { ok: false, line: row.line, message: row.message };
    else if (row.cells.length !== columns.length)
      yield { ok: false, line: row.line, message: wrongCount(row.cells.length, columns.length) };
    else yield { ok: true, line: row.line, fields: new Map(columns.map((column, i) => [column, row.cells[i] ?? ''])) };
  }
}

const wrongCount = (cells: number, columns: number): string =>
  `it has ${cells} ${cells === 1 ? 'field' : 'fields'}, but the header has ${columns}`;

async function* nothing(): AsyncGenerator<Row, void> {}
