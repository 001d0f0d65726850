import { RiskflowError, toJsonText, type ConnectorOf, type ReadingPlace, type Value } from '../../schemas/index.ts';
import type { ReadItem } from '../delivery.ts';
import { cellValue, isComparable, isTime, keptCell, kindOf, type Column, type ColumnKind } from './columns.ts';
import { columnsQuery, decodePosition, encodePosition, pageQuery, type PositionKinds } from './page-query.ts';
import { placeOf, type Result, type Session } from './session.ts';

type Settings = ConnectorOf<'mysql'>;

/** Rows of a page: few at first, then as many as make about so many bytes. */
const FIRST_ROWS = 32;
const MOST_ROWS = 500;
const PAGE_BYTES = 4 * 1024 * 1024;

/** What the watermark and the key column are. @throws RiskflowError `usage` for those that rows cannot be ordered by. */
export async function kindsOf(session: Session, settings: Settings): Promise<PositionKinds> {
  const { columns } = await session.ask(columnsQuery(settings));
  const [watermark, key] = columns.map((column): ColumnKind => {
    const kind = kindOf(column);
    if (isComparable(kind)) return kind;
    throw new RiskflowError(
      'usage',
      `the column "${column.name}" of ${placeOf(settings.url)} cannot say what is new: rows cannot be read on behind one of its values`,
      {
        hint: 'take a column of integers, DECIMAL, DOUBLE, DATETIME, TIMESTAMP, DATE, text or bytes (not FLOAT, ENUM, SET, TIME, JSON, BIT)',
      },
    );
  });
  if (watermark === undefined) throw new RiskflowError('internal', 'a query gave no columns');
  if (settings.settleSeconds > 0 && !isTime(watermark))
    throw new RiskflowError('usage', `settleSeconds needs a watermark that is a time, and "${settings.watermark}" is none`);
  return { watermark, key: key ?? null };
}

type Reading = { readonly settings: Settings; readonly kinds: PositionKinds; readonly from: ReadingPlace };

/** The rows behind a place, page by page, up to the last one there is. */
export async function* rowsBehind(session: Session, { settings, kinds, from }: Reading): AsyncGenerator<ReadItem, void> {
  let position = from.position === null ? null : decodePosition(from.position);
  let offset = from.offset;
  let limit = FIRST_ROWS;
  for (;;) {
    // One more than is handed over, to see whether its watermark is the same.
    const page = readerOf(await session.ask(pageQuery(settings, { position, kinds, limit: limit + 1 })), settings, kinds);
    page.check();
    let size = 0;
    for (let row = 0; row < Math.min(page.count, limit); row++) {
      position = page.position(row);
      const { fields, timestamp } = page.row(row);
      const text = toJsonText(fields);
      const bytes = Buffer.from(text);
      const key = position.key === null ? null : Buffer.from(position.key);
      yield {
        record: { offset, bytes, meta: { key, headers: [], timestamp }, content: { ok: true, fields, text }, recordId: null },
        next: { offset: offset + 1, position: encodePosition(position) },
        size: bytes.length,
        more: true,
      };
      offset++;
      size = Math.max(size, bytes.length);
    }
    if (page.count <= limit) return;
    limit = Math.max(1, Math.min(MOST_ROWS, Math.floor(PAGE_BYTES / Math.max(size, 1))));
  }
}

type Page = {
  readonly count: number;
  /** @throws RiskflowError `usage` for rows whose watermark or key is missing, or not unique. */
  check(): void;
  position(row: number): { readonly watermark: string; readonly key: string | null };
  row(row: number): { readonly fields: ReadonlyMap<string, Value>; readonly timestamp: number | null };
};

function readerOf({ columns, rows }: Result, settings: Settings, kinds: PositionKinds): Page {
  const columnKinds = columns.map(kindOf);
  const at = (name: string | undefined): number => (name === undefined ? -1 : indexOfColumn(columns, name));
  const [watermarkAt, keyAt] = [at(settings.watermark), at(settings.key)];
  const position: Page['position'] = (row) => {
    const [watermark, key] = [rows[row]?.[watermarkAt], rows[row]?.[keyAt]];
    if (watermark === undefined || watermark === null) throw nullTrouble(settings.watermark, 'watermark');
    if (settings.key !== undefined && (key === undefined || key === null)) throw nullTrouble(settings.key, 'key');
    return {
      watermark: keptCell(kinds.watermark, watermark),
      key: key === undefined || key === null || kinds.key === null ? null : keptCell(kinds.key, key),
    };
  };
  return {
    count: rows.length,
    position,
    check() {
      let last: string | undefined;
      for (let row = 0; row < rows.length; row++) {
        const now = encodePosition(position(row));
        if (now === last) throw sameTrouble(settings, position(row).watermark);
        last = now;
      }
    },
    row(row) {
      const cells = rows[row] ?? [];
      const fields = new Map(
        columns.map((column, i): [string, Value] => [column.name, cellValue(columnKinds[i] ?? 'text', cells[i] ?? null)]),
      );
      return { fields, timestamp: isTime(kinds.watermark) ? timeOf(fields.get(columns[watermarkAt]?.name ?? '')) : null };
    },
  };
}

/** Names of columns are the same whatever their case. */
function indexOfColumn(columns: readonly Column[], name: string): number {
  const exact = columns.findIndex((column) => column.name === name);
  return exact !== -1 ? exact : columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
}

function timeOf(value: Value | undefined): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

const nullTrouble = (column: string, what: string): RiskflowError =>
  new RiskflowError('usage', `a row has no ${what}: its column "${column}" is null, and such rows would never be read`, {
    hint: `leave them out in the query (WHERE ${column} IS NOT NULL), or give them a value (COALESCE)`,
  });

function sameTrouble({ watermark, key }: Settings, value: string): RiskflowError {
  return key === undefined
    ? new RiskflowError('usage', `several rows have the watermark ${value.slice(0, 60)} in "${watermark}": some of them could be missed`, {
        hint: 'name a column that tells them apart as key',
      })
    : new RiskflowError('usage', `several rows have the same "${watermark}" (${value.slice(0, 60)}) and the same "${key}"`, {
        hint: 'name a key that is unique among rows of one watermark',
      });
}
