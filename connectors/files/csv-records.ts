import { decodeUtf8 } from './decode-json-line.ts';
import { MAX_LINE_BYTES, readLines, type FileLine } from './read-lines.ts';

/** The text of one CSV record with its line end, or why there is none. `line` is where it begins, from 1. */
export type CsvRecord = { readonly line: number; readonly text: string } | { readonly line: number; readonly message: string };

type Pending = { readonly line: number; texts: string[]; length: number; message: string | undefined };

/**
 * Cuts a CSV file into records: a record ends with a line, unless a quoted field is open there. A line that cannot be read spoils only
 * the record that it belongs to.
 */
export async function* csvRecords(path: string, delimiter: string): AsyncGenerator<CsvRecord, void> {
  let place: Place = 'field-start';
  let record: Pending | undefined;
  for await (const line of readLines(path)) {
    record ??= { line: line.number, texts: [], length: 0, message: undefined };
    const text = textOf(line);
    if (text === undefined) record.message ??= line.cut ? `it is longer than ${MAX_LINE_BYTES} bytes` : 'it is not valid UTF-8';
    else {
      place = placeAfter(text, place, delimiter);
      record.texts.push(text);
      record.length += text.length;
    }
    if (place === 'quoted' && record.length > MAX_LINE_BYTES) {
      yield { line: record.line, message: 'a quote that is opened in it is not closed again; what follows was not read' };
      return;
    }
    if (place === 'quoted') continue;
    yield finished(record);
    record = undefined;
    place = 'field-start';
  }
  if (record !== undefined)
    yield { line: record.line, message: record.message ?? 'a quote that is opened in it is not closed before the end of the file' };
}

const finished = ({ line, texts, message }: Pending): CsvRecord =>
  message === undefined ? { line, text: texts.join('') } : { line, message };

/** A line with its line end as it stands in the file; without the byte order mark that a file may begin with. */
function textOf(line: FileLine): string | undefined {
  const text = line.cut ? undefined : decodeUtf8(line.bytes);
  if (text === undefined || !line.ended) return text;
  return text + (line.next - line.offset - line.bytes.length === 2 ? '\r\n' : '\n');
}

/** Where the end of a text lies in the grammar of RFC 4180. */
type Place = 'field-start' | 'plain' | 'quoted' | 'after-quote';

/** A quote opens a field only at its start, where blanks may stand before it. */
function placeAfter(text: string, before: Place, delimiter: string): Place {
  let place = before;
  for (const char of text) {
    if (place === 'quoted') place = char === '"' ? 'after-quote' : 'quoted';
    else if (char === '"') place = place === 'plain' ? 'plain' : 'quoted';
    else if (char === delimiter) place = 'field-start';
    else if (place !== 'field-start' || !/\s/.test(char)) place = 'plain';
  }
  return place;
}
