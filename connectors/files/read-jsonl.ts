import { decodeJsonLine } from './decode-json-line.ts';
import { readLines } from './read-lines.ts';
import type { Row, Table } from './row.ts';

/**
 * Reads a file with one JSON object per line (JSONL, NDJSON) as a table. Blank lines are passed over; a line that is no object is an
 * error of that row. A last line need not have a line end. Rows throw what the file system throws.
 */
export function readJsonl(path: string): Table {
  return { columns: null, rows: rows(path) };
}

async function* rows(path: string): AsyncGenerator<Row, void> {
  for await (const line of readLines(path)) {
    const decoded = decodeJsonLine(line);
    if (decoded.kind === 'broken') yield { ok: false, line: line.number, message: decoded.reason };
    else if (decoded.kind === 'object') yield { ok: true, line: line.number, fields: decoded.value };
  }
}
