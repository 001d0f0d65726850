import avro, { type ForSchemaOptions, type Schema, type Type, type types } from 'avsc';
import { float, integer, objectOf, type Value } from '../../schemas/index.ts';
import { decimalText, isoDate, isoInstant, isoTime } from './logical-text.ts';

/** Turns what avsc has read into a value. */
type Convert = (read: unknown) => Value;

const asIs = (read: unknown): Value => read as Value;

/** Reads 8 bytes, little-endian, as avsc unpacks a long. */
function readLong(bytes: Uint8Array): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const near = view.getInt32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
  return Number.isSafeInteger(near) ? near : integer(view.getBigInt64(0, true));
}

/** A long that is read as a value at once. It cannot be written. */
const longRead = (value: (n: number | bigint) => Value): Type => {
  const never = (): never => {
    throw new TypeError('this type only reads');
  };
  return avro.types.LongType.__with({
    fromBuffer: (bytes: Uint8Array) => value(readLong(bytes)),
    toBuffer: never,
    fromJSON: never,
    toJSON: (n: number | bigint) => (typeof n === 'bigint' ? n.toString() : n),
    isValid: () => true,
    compare: never,
  });
};

const LONG = longRead((n) => n);
const LOGICAL_LONGS: ReadonlyMap<unknown, Type> = new Map([
  ['timestamp-millis', longRead((n) => isoInstant(n, 3, 'Z'))],
  ['timestamp-micros', longRead((n) => isoInstant(n, 6, 'Z'))],
  ['timestamp-nanos', longRead((n) => isoInstant(n, 9, 'Z'))],
  ['local-timestamp-millis', longRead((n) => isoInstant(n, 3, ''))],
  ['local-timestamp-micros', longRead((n) => isoInstant(n, 6, ''))],
  ['local-timestamp-nanos', longRead((n) => isoInstant(n, 9, ''))],
  ['time-micros', longRead((n) => isoTime(n, 6))],
]);

class DateText extends avro.types.LogicalType {
  protected override _fromValue(days: number): Value {
    return isoDate(days);
  }
}

class TimeText extends avro.types.LogicalType {
  protected override _fromValue(milliseconds: number): Value {
    return isoTime(milliseconds, 3);
  }
}

class DecimalText extends avro.types.LogicalType {
  readonly #scale: number;
  constructor(schema: Schema, options?: unknown) {
    super(schema, options);
    const scale: unknown = typeof schema === 'object' && 'scale' in schema ? schema.scale : 0;
    if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0) throw new TypeError('a decimal has a wrong scale');
    this.#scale = scale;
  }
  protected override _fromValue(bytes: Uint8Array): Value {
    return decimalText(bytes, this.#scale);
  }
}

/**
 * How avsc is to read: longs exactly, the branch of a union named, dates and times as text of ISO 8601, decimals as decimal text (an integer
 * where the scale is 0). An unknown logical type is read as what it is made of, as the specification wants.
 */
export const avroReading: Partial<ForSchemaOptions> = {
  wrapUnions: true,
  // Not by `registry`: that one object would collect the names of all schemas, and two versions of a record have the same.
  typeHook: (schema): Type | undefined => {
    if (schema === 'long') return LONG;
    if (typeof schema !== 'object' || schema === null || !('type' in schema) || schema.type !== 'long') return undefined;
    return LOGICAL_LONGS.get('logicalType' in schema ? schema.logicalType : undefined) ?? LONG;
  },
  logicalTypes: { date: DateText, 'time-millis': TimeText, decimal: DecimalText },
};

/**
 * Compiles what turns a datum that was read under `avroReading` into a value: records and maps become objects, enums text, bytes and fixed
 * base64 text, floats and doubles floats whatever their value, a union the value of its branch.
 */
export function compileAvro(type: Type, known: Map<Type, Convert> = new Map()): Convert {
  const before = known.get(type);
  if (before !== undefined) return before;
  // A record may hold itself.
  known.set(type, (read) => compileAvro(type, known)(read));
  const made = compile(type, (inner) => compileAvro(inner, known));
  known.set(type, made);
  return made;
}

function compile(type: Type, inner: (type: Type) => Convert): Convert {
  const { types } = avro;
  if (type instanceof types.LogicalType) return asIs;
  if (type instanceof types.RecordType) return compileRecord(type, inner);
  if (type instanceof types.WrappedUnionType) return compileUnion(type, inner);
  if (type instanceof types.ArrayType) {
    const convert = inner(type.itemsType);
    return (read) => (read as readonly unknown[]).map(convert);
  }
  if (type instanceof types.MapType) {
    const convert = inner(type.valuesType as Type);
    return (read) => objectOf(Object.entries(read as object).map(([key, item]): [string, Value] => [key, convert(item)]));
  }
  if (type instanceof types.FloatType || type instanceof types.DoubleType) return (read) => float(read as number);
  if (type instanceof types.BytesType || type instanceof types.FixedType) return (read) => (read as Buffer).toString('base64');
  return asIs;
}

function compileRecord(type: types.RecordType, inner: (type: Type) => Convert): Convert {
  const fields = type.fields.map(({ name, type: of }) => ({ name, convert: inner(of) }));
  return (read) => {
    const object = new Map<string, Value>();
    for (const { name, convert } of fields) object.set(name, convert((read as Readonly<Record<string, unknown>>)[name]));
    return object;
  };
}

/** avsc gives null, or an object whose one key names the branch. */
function compileUnion(type: types.WrappedUnionType, inner: (type: Type) => Convert): Convert {
  const branches = new Map(type.types.map((branch) => [branch.branchName, inner(branch)]));
  return (read) => {
    if (read === null) return null;
    for (const [name, item] of Object.entries(read as object)) return branches.get(name)?.(item) ?? null;
    return null;
  };
}
