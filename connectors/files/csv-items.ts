import { RiskflowError, type RecordContent, type Value } from '../../schemas/index.ts';
import type { ReadItem } from '../delivery.ts';
import { bytesOfText, csvCells, wrongCount, type CsvCells } from './csv-cells.ts';
import { csvRecords } from './csv-records.ts';
import type { ItemsOptions } from './items-options.ts';
import type { FileLine } from './read-lines.ts';

export type CsvItemsOptions = ItemsOptions & {
  readonly delimiter: string;
  /** A last row without a line end counts when it has as many fields as the header; else it is unfinished. */
  readonly takesLastRow: boolean;
  /** Nobody will close a quote that is open at the end: it spoils its own line alone. */
  readonly endsQuotes: boolean;
};

/** The lines to begin at, and those from the first byte on where that is another place: the header stands there. */
export type CsvLines = { readonly rest: AsyncIterable<FileLine>; readonly beginning: AsyncIterable<FileLine> | null };

/**
 * The rows of CSV with a header as items, placed by bytes. Every field is text. A row that cannot be read is broken, and reading goes on behind it; a quote
 * that is never closed spoils only its own line.
 * @throws RiskflowError `invalid_file` when the header cannot be read.
 */
export async function* csvItems(lines: CsvLines, options: CsvItemsOptions): AsyncGenerator<ReadItem, void> {
  const { delimiter, isFinal, takesLastRow, endsQuotes, onUnfinished } = options;
  let columns = lines.beginning === null ? undefined : await headerOf(lines.beginning, delimiter);
  if (lines.beginning !== null && columns === undefined) return;
  const records = csvRecords(lines.rest, { delimiter, openQuotes: isFinal || endsQuotes ? 'spoil-line' : 'wait-at-end' });
  for await (const parsed of csvCells(records, delimiter)) {
    const { record } = parsed;
    const place = { next: { offset: record.next, position: null }, size: record.next - record.offset, more: record.more };
    const isUnfinished = !isFinal && (record.open || (!record.ended && !(takesLastRow && fits(parsed, columns))));
    if (isUnfinished) {
      onUnfinished(record.next - record.offset);
      return;
    }
    if ('rows' in parsed && parsed.rows.length === 0) yield { record: null, ...place };
    else if (columns === undefined) {
      columns = columnsOf(parsed);
      yield { record: null, ...place };
    } else {
      const bytes = 'text' in record ? bytesOfText(record.text) : record.bytes;
      yield { record: { offset: record.offset, bytes, meta: null, content: contentOf(parsed, columns), recordId: null }, ...place };
    }
  }
}

async function headerOf(lines: AsyncIterable<FileLine>, delimiter: string): Promise<readonly string[] | undefined> {
  for await (const parsed of csvCells(firstOf(csvRecords(lines, { delimiter })), delimiter)) return columnsOf(parsed);
  return undefined;
}

/** The first record that is not blank. */
async function* firstOf(records: ReturnType<typeof csvRecords>): ReturnType<typeof csvRecords> {
  for await (const record of records) {
    if ('text' in record && /^\s*$/.test(record.text)) continue;
    yield record;
    return;
  }
}

function columnsOf(parsed: CsvCells): readonly string[] {
  const [row, more] = 'rows' in parsed ? parsed.rows : [];
  const fault = (what: string): RiskflowError =>
    new RiskflowError('invalid_file', `its header (line ${parsed.record.line}) has a fault: ${what}`);
  if ('message' in parsed) throw fault(parsed.message);
  if (more !== undefined) throw fault(LONE_CR);
  const columns = (row ?? []).map((cell) => cell.trim());
  const seen = new Set<string>();
  const twice = columns.find((column) => seen.size === seen.add(column).size);
  if (twice !== undefined) throw fault(`it names the column "${twice.slice(0, 100)}" twice`);
  return columns;
}

const LONE_CR = 'lines end with CR alone: write them with LF or CRLF';

/** Whether a last row looks whole. A header without a line end may go on. */
const fits = (parsed: CsvCells, columns: readonly string[] | undefined): boolean =>
  'rows' in parsed && (parsed.rows.length === 0 || columns === undefined || parsed.rows[0]?.length === columns.length);

function contentOf(parsed: CsvCells, columns: readonly string[]): RecordContent {
  if ('message' in parsed) return { ok: false, stage: 'decode', reason: parsed.message };
  const [cells = [], more] = parsed.rows;
  if (more !== undefined) return { ok: false, stage: 'decode', reason: LONE_CR };
  if (cells.length !== columns.length) return { ok: false, stage: 'decode', reason: wrongCount(cells.length, columns.length) };
  return { ok: true, fields: new Map(columns.map((column, i): [string, Value] => [column, cells[i] ?? ''])) };
}
