import { isObject, parseJson } from '../../schemas/index.ts';
import { readLines } from './read-lines.ts';
import type { Row, Table } from './row.ts';

/** Reads a file with one JSON object per line (JSONL, NDJSON). Blank lines are passed over; a line that is no object is an error of that row. */
export function readJsonl(path: string): Table {
  return { columns: null, rows: rows(path) };
}

async function* rows(path: string): AsyncGenerator<Row, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const { number: line, bytes } of readLines(path)) {
    const text = decode(decoder, bytes);
    if (text === undefined) {
      yield { ok: false, line, message: 'it is not valid UTF-8' };
      continue;
    }
    if (text.trim() === '') continue;
    const parsed = parseJson(text);
    if (!parsed.ok) yield { ok: false, line, message: `it is not valid JSON: ${parsed.error.message} (column ${parsed.error.column})` };
    else if (!isObject(parsed.value)) yield { ok: false, line, message: 'a JSON object was expected' };
    else yield { ok: true, line, fields: parsed.value };
  }
}

function decode(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
