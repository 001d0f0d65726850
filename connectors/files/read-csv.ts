import { createReadStream } from 'node:fs';
import { parse } from 'fast-csv';
import type { Row, Table } from './row.ts';

/**
 * Reads a CSV file with a header line (RFC 4180; UTF-8 with or without BOM; LF or CRLF). Every field is text. A row with too many
 * or too few fields is an error of that row; broken quoting ends the file with an error of the row where it was noticed.
 * @throws Error from the file system when the file cannot be opened.
 */
export async function readCsv(path: string, options: { readonly delimiter?: string } = {}): Promise<Table> {
  const source = rawRows(path, options.delimiter ?? ',');
  const first = await source.next();
  if (first.done === true) return { columns: [], rows: nothing() };
  if ('message' in first.value) return { columns: [], rows: only({ ok: false, line: first.value.line, message: first.value.message }) };
  const columns = first.value.cells.map((cell, i) => (i === 0 ? cell.replace(/^\uFEFF/, '') : cell).trim());
  return { columns, rows: dataRows(source, columns) };
}

type RawRow = { readonly line: number; readonly cells: readonly string[] } | { readonly line: number; readonly message: string };

async function* rawRows(path: string, delimiter: string): AsyncGenerator<RawRow, void> {
  const file = createReadStream(path);
  const parser = file.pipe(parse({ headers: false, delimiter, ignoreEmpty: false }));
  // pipe() does not carry errors across.
  file.on('error', (error) => parser.destroy(error));
  let line = 1;
  try {
    for await (const cells of parser as AsyncIterable<readonly string[]>) {
      yield { line, cells };
      line += 1 + cells.reduce((count, cell) => count + newlines(cell), 0);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error;
    yield { line, message: `the quoting is broken: ${error instanceof Error ? firstSentence(error.message) : String(error)}` };
  } finally {
    file.destroy();
  }
}

const newlines = (text: string): number => {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
};

const firstSentence = (text: string): string => text.slice(0, 160).replaceAll('\n', ' ');

async function* dataRows(source: AsyncGenerator<RawRow, void>, columns: readonly string[]): AsyncGenerator<Row, void> {
  for await (const row of source) {
    if ('message' in row) yield { ok: false, line: row.line, message: row.message };
    else if (row.cells.length === 1 && row.cells[0] === '') continue;
    else if (row.cells.length !== columns.length) yield { ok: false, line: row.line, message: `it has ${row.cells.length} fields, but the header has ${columns.length}` };
    else yield { ok: true, line: row.line, fields: new Map(columns.map((column, i) => [column, row.cells[i] ?? ''])) };
  }
}

async function* nothing(): AsyncGenerator<Row, void> {}

async function* only(row: Row): AsyncGenerator<Row, void> {
  yield row;
}
