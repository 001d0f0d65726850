import { decodeUtf8 } from './decode-json-line.ts';
import { MAX_LINE_BYTES, type FileLine } from './read-lines.ts';

/**
 * One CSV record: its text with its line end, or why there is none. `line` is where it begins, from 1; `offset` and `next` are the bytes where it begins
 * and behind it. `ended`: a line end is behind it. `more`: another line is at hand. `open`: a quote is open at the end of the file.
 */
export type CsvRecord = {
  readonly line: number;
  readonly offset: number;
  readonly next: number;
  readonly ended: boolean;
  readonly more: boolean;
  readonly open: boolean;
} & ({ readonly text: string } | { readonly message: string; readonly bytes: Uint8Array });

export type CsvRecordsOptions = {
  readonly delimiter: string;
  /**
   * What a quote that is never closed spoils: all behind it (the default); its line alone, so that reading goes on with the next one; or that only where
   * no more can come, since at the end of the file the rest of the record may still be written.
   */
  readonly openQuotes?: 'spoil-all' | 'spoil-line' | 'wait-at-end';
};

type Pending = { readonly lines: FileLine[]; readonly texts: string[]; length: number; message: string | undefined };

/**
 * Cuts the lines of a CSV file into records: a record ends with a line, unless a quoted field is open there. A line that cannot be read
 * spoils only the record that it belongs to.
 */
export async function* csvRecords(
  lines: AsyncIterable<FileLine>,
  { delimiter, openQuotes = 'spoil-all' }: CsvRecordsOptions,
): AsyncGenerator<CsvRecord, void> {
  let place: Place = 'field-start';
  let record: Pending | undefined;
  for await (const line of withReplay(lines)) {
    if (line.kind === 'line') {
      record ??= { lines: [], texts: [], length: 0, message: undefined };
      record.lines.push(line.line);
      const text = textOf(line.line);
      if (text === undefined) record.message ??= line.line.cut ? `it is longer than ${MAX_LINE_BYTES} bytes` : 'it is not valid UTF-8';
      else {
        place = placeAfter(text, place, delimiter);
        record.texts.push(text);
        record.length += text.length;
      }
      if (place === 'quoted' && record.length <= MAX_LINE_BYTES) continue;
    }
    if (record === undefined) continue;
    const [first, ...rest] = record.lines;
    if (place !== 'quoted' || first === undefined) yield finished(record);
    else if (openQuotes === 'spoil-line' || (openQuotes === 'wait-at-end' && line.kind === 'line')) {
      yield broken([first], 'a quote that is opened in it is not closed again');
      line.again(rest);
    } else {
      const until = line.kind === 'line' ? 'again; what follows was not read' : 'before the end of the file';
      yield { ...broken(record.lines, record.message ?? `a quote that is opened in it is not closed ${until}`), open: line.kind === 'end' };
      return;
    }
    record = undefined;
    place = 'field-start';
  }
}

type Replay = { readonly again: (lines: readonly FileLine[]) => void };
type Step = Replay & ({ readonly kind: 'line'; readonly line: FileLine } | { readonly kind: 'end' });

/** The lines, then the end; lines that are given back come again. Given back at the end, they are followed by another end. */
async function* withReplay(lines: AsyncIterable<FileLine>): AsyncGenerator<Step, void> {
  const waiting: FileLine[] = [];
  const again = (given: readonly FileLine[]): void => {
    waiting.push(...given.toReversed());
  };
  const replayed = function* (): Generator<Step, void> {
    for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) yield { kind: 'line', line, again };
  };
  for await (const line of lines) {
    yield { kind: 'line', line, again };
    yield* replayed();
  }
  do {
    yield* replayed();
    yield { kind: 'end', again };
  } while (waiting.length > 0);
}

const finished = ({ lines, texts, message }: Pending): CsvRecord =>
  message === undefined ? { ...spanOf(lines), text: texts.join('') } : broken(lines, message);

const broken = (lines: readonly FileLine[], message: string): CsvRecord => ({ ...spanOf(lines), message, bytes: joined(lines) });

function spanOf(lines: readonly FileLine[]): Omit<Extract<CsvRecord, { text: string }>, 'text'> {
  const [first, last] = [lines[0], lines.at(-1)];
  const { number: line = 0, offset = 0 } = first ?? {};
  return { line, offset, next: last?.next ?? offset, ended: last?.ended ?? false, more: last?.more ?? false, open: false };
}

const LINE_END = Buffer.from('\n');
const joined = (lines: readonly FileLine[]): Uint8Array =>
  Buffer.concat(lines.flatMap(({ bytes }, i) => (i === 0 ? [bytes] : [LINE_END, bytes])));

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
  // What matters is whether a quote is open at the end.
  if (before !== 'quoted' && !text.includes('"')) return 'plain';
  let place = before;
  for (const char of text) {
    if (place === 'quoted') place = char === '"' ? 'after-quote' : 'quoted';
    else if (char === '"') place = place === 'plain' ? 'plain' : 'quoted';
    else if (char === delimiter) place = 'field-start';
    else if (place !== 'field-start' || !/\s/.test(char)) place = 'plain';
  }
  return place;
}
