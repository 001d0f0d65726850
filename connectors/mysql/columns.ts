import { float, integer, parseJson, RiskflowError, type Value } from '../../schemas/index.ts';
import { decodeUtf8 } from '../files/decode-json-line.ts';

/** What the server says of a column of a result. `columnType`, `characterSet` and `flags` are the numbers of the protocol. */
export type Column = { readonly name: string; readonly columnType: number; readonly characterSet: number; readonly flags: number };

/** What the values of a column are. */
export type ColumnKind =
  'integer' | 'decimal' | 'double' | 'float' | 'datetime' | 'date' | 'text' | 'binary' | 'json' | 'bits' | 'choice' | 'time';

const BINARY_CHARSET = 63;
const ENUM_FLAG = 0x100;
const SET_FLAG = 0x800;

/** https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
const KINDS: ReadonlyMap<number, ColumnKind> = new Map([
  [0, 'decimal'],
  [1, 'integer'],
  [2, 'integer'],
  [3, 'integer'],
  [4, 'float'],
  [5, 'double'],
  [7, 'datetime'],
  [8, 'integer'],
  [9, 'integer'],
  [10, 'date'],
  [11, 'time'],
  [12, 'datetime'],
  [13, 'integer'],
  [16, 'bits'],
  [245, 'json'],
  [246, 'decimal'],
  [247, 'choice'],
  [248, 'choice'],
  [255, 'binary'],
]);

export function kindOf({ columnType, characterSet, flags }: Column): ColumnKind {
  const kind = KINDS.get(columnType);
  if (kind !== undefined) return kind;
  if ((flags & (ENUM_FLAG | SET_FLAG)) !== 0) return 'choice';
  return characterSet === BINARY_CHARSET ? 'binary' : 'text';
}

/**
 * The value of a cell, from the text that the server sends: integers exact, DECIMAL as text, DATETIME and TIMESTAMP as text of ISO 8601 in UTC with their
 * digits, DATE and TIME as text, JSON as its value, BIT as an integer, BLOB and the like as base64.
 */
export function cellValue(kind: ColumnKind, bytes: Uint8Array | null): Value {
  if (bytes === null) return null;
  if (kind === 'binary') return Buffer.from(bytes).toString('base64');
  if (kind === 'bits') return integer(bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
  const text = textOf(bytes);
  switch (kind) {
    case 'integer':
      return integer(BigInt(text));
    case 'double':
    case 'float':
      return float(Number(text));
    case 'datetime':
      return `${text.replace(' ', 'T')}Z`;
    case 'json': {
      const parsed = parseJson(text);
      return parsed.ok ? parsed.value : text;
    }
    default:
      return text;
  }
}

const textOf = (bytes: Uint8Array): string => decodeUtf8(bytes) ?? Buffer.from(bytes).toString('latin1');

/** How a cell of a watermark or key column is kept: its text, or base64. */
export const keptCell = (kind: ColumnKind, bytes: Uint8Array): string =>
  kind === 'binary' ? Buffer.from(bytes).toString('base64') : Buffer.from(bytes).toString('utf8');

const DIGITS = /^-?\d+$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;
const DOUBLE = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const DATETIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * A kept cell as a literal of SQL that compares with its column exactly and by the column's own order.
 * @throws RiskflowError `usage` for a column that cannot be compared so, or a text that is none of its values.
 */
export function literalOf(kind: ColumnKind, kept: string): string {
  const fits = (pattern: RegExp, sql: string): string => {
    if (pattern.test(kept)) return sql;
    throw new RiskflowError(
      'usage',
      `"${kept.slice(0, 60)}" is no place to go on at in a column of kind ${kind}: has the column been changed?`,
    );
  };
  switch (kind) {
    case 'integer':
      return fits(DIGITS, kept);
    case 'decimal':
      return fits(DECIMAL, kept);
    case 'double':
      return fits(DOUBLE, /e/i.test(kept) ? kept : `${kept}e0`);
    case 'datetime':
      return fits(DATETIME, `TIMESTAMP'${kept}'`);
    case 'date':
      return fits(DATE, `DATE'${kept}'`);
    // Bytes, so that no setting of the server makes anything else of a text.
    case 'text':
      return kept === '' ? "''" : `_utf8mb4 X'${Buffer.from(kept, 'utf8').toString('hex')}'`;
    case 'binary':
      return `X'${Buffer.from(kept, 'base64').toString('hex')}'`;
    default:
      throw new RiskflowError('usage', `a column of kind ${kind} has no order that can be relied on`);
  }
}

const COMPARABLE: ReadonlySet<ColumnKind> = new Set(['integer', 'decimal', 'double', 'datetime', 'date', 'text', 'binary']);
/** Whether rows can be read on behind a value of the column: a FLOAT is not what its text says, ENUM and SET are ordered by number. */
export const isComparable = (kind: ColumnKind): boolean => COMPARABLE.has(kind);
export const isTime = (kind: ColumnKind): boolean => kind === 'datetime' || kind === 'date';
