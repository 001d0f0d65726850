import type { FileMetaData, ParquetParsers, SchemaElement } from 'hyparquet';
import { float, integer, parseJson, type ObjectValue, type Value } from '../../schemas/index.ts';
import { decodeUtf8 } from './decode-json-line.ts';
import { decimalText, isoDate, isoInstant, isoTime } from '../formats/logical-text.ts';

/** Makes a value of what the reader gives for a column. */
type Convert = (read: unknown) => Value;

/** The columns of a Parquet file, and its metadata in a form in which the reader leaves alone what it would make inexact. */
export type ParquetShape = {
  readonly metadata: FileMetaData;
  readonly parsers: Partial<ParquetParsers>;
  readonly toFields: (row: Readonly<Record<string, unknown>>) => ObjectValue;
};

/**
 * How the rows of a file become values: integers exact, decimals as text (as an integer where there is no fraction), dates and times as text of ISO 8601 with all their
 * digits, JSON columns as their values, binary ones as base64; lists, maps and groups as they are.
 */
export function parquetShape(metadata: FileMetaData): ParquetShape {
  const root = treeOf(metadata.schema);
  const columns = root.children.map((child): readonly [string, Convert] => [child.element.name, convertNode(child)]);
  return {
    metadata: { ...metadata, schema: metadata.schema.map(withoutMeaning) },
    parsers: { timestampFromNanoseconds: (nanos) => nanos },
    toFields: (row) => new Map(columns.map(([name, convert]): [string, Value] => [name, convert(row[name])])),
  };
}

const EXACT_HERE: ReadonlySet<string> = new Set(['DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'JSON', 'BSON', 'INTERVAL', 'UNKNOWN']);
const meaningOf = ({ converted_type, logical_type }: SchemaElement): string =>
  logical_type?.type ?? (converted_type ?? '').replace(/_(MILLIS|MICROS)$/, '');

/** A leaf without what it means, so that the reader gives what is stored. */
function withoutMeaning(element: SchemaElement): SchemaElement {
  if (element.type === undefined || !EXACT_HERE.has(meaningOf(element))) return element;
  const { converted_type: _converted, logical_type: _logical, ...plain } = element;
  return plain;
}

type Node = { readonly element: SchemaElement; readonly children: readonly Node[] };

/** The elements stand in the order of a walk through the tree, each with the number of its children. */
function treeOf(schema: readonly SchemaElement[]): Node {
  let at = 0;
  const next = (): Node => {
    const element = schema[at++] ?? { name: '' };
    return { element, children: Array.from({ length: element.num_children ?? 0 }, next) };
  };
  return next();
}

function convertNode(node: Node): Convert {
  const [only] = node.children;
  if (only === undefined) return eachOf(convertLeaf(node.element));
  if (node.element.converted_type === 'LIST') return eachOf(convertNode(only.children.length === 1 ? (only.children[0] ?? only) : only));
  if (node.element.converted_type === 'MAP' && only.children[1] !== undefined) return convertMap(convertNode(only.children[1]));
  const children = node.children.map((child): readonly [string, Convert] => [child.element.name, convertNode(child)]);
  return eachOf((read) => {
    const group = objectOf(read);
    return group === undefined ? null : new Map(children.map(([name, convert]): [string, Value] => [name, convert(group[name])]));
  });
}

/** Lists of any depth, whose items are converted; null where there is nothing. */
function eachOf(convert: Convert): Convert {
  const each: Convert = (read) => (read === null || read === undefined ? null : Array.isArray(read) ? read.map(each) : convert(read));
  return each;
}

const convertMap = (convert: Convert): Convert =>
  eachOf((read) => new Map(Object.entries(objectOf(read) ?? {}).map(([key, item]): [string, Value] => [key, convert(item)])));

const objectOf = (read: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Readonly<Record<string, unknown>>) : undefined;

function convertLeaf(element: SchemaElement): Convert {
  const { type, converted_type, logical_type, scale } = element;
  switch (meaningOf(element)) {
    case 'DECIMAL':
      return (read) => decimalOf(read, (logical_type?.type === 'DECIMAL' ? logical_type.scale : scale) ?? 0);
    case 'DATE':
      return (read) => isoDate(Number(read));
    case 'TIME':
      return (read) => timeOf(read, digitsOf(element));
    case 'TIMESTAMP': {
      const zone = logical_type?.type === 'TIMESTAMP' && !logical_type.isAdjustedToUTC ? '' : 'Z';
      return (read) => isoInstant(integralOf(read), digitsOf(element), zone);
    }
    case 'JSON':
      return jsonOf;
    default:
      if (type === 'INT96') return (read) => isoInstant(integralOf(read), 9, 'Z');
      return type === 'FLOAT' || type === 'DOUBLE' || (logical_type?.type === 'FLOAT16' && converted_type === undefined)
        ? floatOf
        : plainOf;
  }
}

/** Of the unit: milliseconds, microseconds or nanoseconds. */
function digitsOf({ converted_type, logical_type }: SchemaElement): 3 | 6 | 9 {
  const unit = logical_type?.type === 'TIMESTAMP' || logical_type?.type === 'TIME' ? logical_type.unit : undefined;
  if (unit === 'NANOS') return 9;
  return unit === 'MICROS' || (unit === undefined && converted_type?.endsWith('_MICROS') === true) ? 6 : 3;
}

const integralOf = (read: unknown): number | bigint => (typeof read === 'bigint' ? read : Number(read));
const timeOf = (read: unknown, digits: 3 | 6 | 9): Value =>
  digits === 9 ? String(isoInstant(integralOf(read), 9, '')).replace(/^1970-01-01T/, '') : isoTime(integralOf(read), digits);
const floatOf: Convert = (read) => (typeof read === 'number' ? float(read) : plainOf(read));

function decimalOf(read: unknown, scale: number): Value {
  if (read instanceof Uint8Array) return decimalText(read, scale);
  const unscaled = BigInt(integralOf(read));
  if (scale === 0) return integer(unscaled);
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function jsonOf(read: unknown): Value {
  const text = read instanceof Uint8Array ? (decodeUtf8(read) ?? '') : String(read);
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : text;
}

function plainOf(read: unknown): Value {
  if (typeof read === 'string' || typeof read === 'boolean') return read;
  if (typeof read === 'bigint') return integer(read);
  if (typeof read === 'number') return Number.isInteger(read) ? integer(read) : float(read);
  if (read instanceof Uint8Array) return Buffer.from(read).toString('base64');
  if (read instanceof Date) return read.toISOString();
  return read === null || read === undefined ? null : JSON.stringify(read);
}
