import { RiskflowError } from '../../schemas/index.ts';
import { csvCells, wrongCount } from './csv-cells.ts';
import { csvRecords } from './csv-records.ts';
import { readLines } from './read-lines.ts';
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

async function* cellRows(path: string, delimiter: string): AsyncGenerator<CellRow, void> {
  for await (const parsed of csvCells(csvRecords(readLines(path), { delimiter }), delimiter)) {
    const { line } = parsed.record;
    if ('message' in parsed) yield { line, message: parsed.message };
    else for (const [i, cells] of parsed.rows.entries()) yield { line: line + i, cells };
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

async function* nothing(): AsyncGenerator<Row, void> {}
