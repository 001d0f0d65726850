import { float, integer, type ObjectValue, type Value } from '../../schemas/index.ts';
import { isoInstant } from './logical-text.ts';

/** What is needed of protobufjs's reflection of a message. */
export type MessageType = {
  readonly name: string;
  readonly fullName: string;
  readonly fieldsArray: readonly MessageField[];
  readonly nestedArray: readonly object[];
  readonly parent: { readonly nestedArray: readonly object[] } | null;
  decode(bytes: Uint8Array): object;
};
type MessageField = {
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** Truthy when a missing field differs from one with its default value. */
  readonly hasPresence: unknown;
  readonly typeDefault: unknown;
  readonly resolvedType: object | null;
  resolve(): unknown;
};
type Convert = (read: unknown) => Value;
type Fields = Readonly<Record<string, unknown>>;

const isMessage = (found: object | null | undefined): found is MessageType => found != null && 'fieldsArray' in found;

type Nesting = { readonly nestedArray: readonly object[] };

/** The messages that a file or a message declares, in their order. */
export const messagesOf = (nesting: Nesting | null): readonly MessageType[] => (nesting?.nestedArray ?? []).filter(isMessage);

/** A message that was found, and its bytes. */
export type FoundMessage = { readonly type: MessageType; readonly bytes: Uint8Array };

/**
 * The message that the index path before a Protobuf payload names (zigzag varints: how many, then the index at each depth; a single 0 means the
 * first message), and the bytes of the message. Undefined when there is none.
 *
 * The registry client that we use writes no path: bytes that begin as a message does, and with no path that leads anywhere, are the first one.
 *
 * @param messages those of the schema's file
 */
export function findMessage(messages: readonly MessageType[], payload: Uint8Array): FoundMessage | undefined {
  const found = followPath(messages, payload);
  const [first] = messages;
  // No message begins with a byte below 8, which would name a field 0.
  return found === undefined && first !== undefined && (payload[0] ?? 8) >= 8 ? { type: first, bytes: payload } : found;
}

function followPath(messages: readonly MessageType[], payload: Uint8Array): FoundMessage | undefined {
  const reader = { at: 0 };
  const count = readZigzag(payload, reader);
  if (count === undefined || count < 0 || count > 32) return undefined;
  let [type, siblings]: [MessageType | undefined, readonly MessageType[]] = [undefined, messages];
  for (let depth = 0; depth < Math.max(count, 1); depth++) {
    const index = count === 0 ? 0 : readZigzag(payload, reader);
    type = index === undefined ? undefined : siblings[index];
    if (type === undefined) return undefined;
    siblings = messagesOf(type);
  }
  return type === undefined ? undefined : { type, bytes: payload.subarray(reader.at) };
}

function readZigzag(bytes: Uint8Array, reader: { at: number }): number | undefined {
  let n = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[reader.at];
    if (byte === undefined) return undefined;
    reader.at++;
    n += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  }
  return undefined;
}

/**
 * Compiles what turns a decoded message into an object: fields under their JSON names (lowerCamelCase), integers of 64 bits exact, bytes as
 * base64 text, enums by name, a Timestamp as ISO 8601. A missing field without presence has its default; another is left out, as in
 * https://protobuf.dev/programming-guides/json/
 */
export function compileMessage(type: MessageType, known: Map<MessageType, (read: object) => Value> = new Map()): (read: object) => Value {
  const before = known.get(type);
  if (before !== undefined) return before;
  known.set(type, (read) => compileMessage(type, known)(read));
  const made = type.fullName === '.google.protobuf.Timestamp' ? timestamp : compileFields(type, (inner) => compileMessage(inner, known));
  known.set(type, made);
  return made;
}

function compileFields(type: MessageType, inner: (type: MessageType) => (read: object) => Value): (read: object) => ObjectValue {
  const fields = type.fieldsArray.map((field) => {
    field.resolve();
    const one = compileField(field, inner);
    return { name: field.name, convert: field.map ? mapOf(one) : field.repeated ? listOf(one) : one, missing: missingValue(field, one) };
  });
  return (read) => {
    const object = new Map<string, Value>();
    for (const { name, convert, missing } of fields) {
      const value = Object.hasOwn(read, name) ? (read as Fields)[name] : undefined;
      if (value !== undefined && value !== null) object.set(name, convert(value));
      else if (missing !== undefined) object.set(name, missing);
    }
    return object;
  };
}

const listOf =
  (one: Convert): Convert =>
  (read) =>
    (read as readonly unknown[]).map(one);
const mapOf =
  (one: Convert): Convert =>
  (read) =>
    new Map(Object.entries(read as object).map(([key, item]): [string, Value] => [key, one(item)]));

function missingValue(field: MessageField, convert: Convert): Value | undefined {
  if (field.map) return new Map();
  if (field.repeated) return [];
  return Boolean(field.hasPresence) || isMessage(field.resolvedType) ? undefined : convert(field.typeDefault);
}

function compileField(field: MessageField, inner: (type: MessageType) => (read: object) => Value): Convert {
  const { resolvedType } = field;
  if (isMessage(resolvedType)) {
    const convert = inner(resolvedType);
    return (read) => convert(read as object);
  }
  if (resolvedType !== null && 'valuesById' in resolvedType) {
    const names = resolvedType.valuesById as Readonly<Record<number, string>>;
    return (read) => names[Number(read)] ?? Number(read);
  }
  if (field.type === 'float' || field.type === 'double') return (read) => float(Number(read));
  if (field.type === 'bytes') return (read) => Buffer.from(read as Uint8Array).toString('base64');
  if (field.type.endsWith('64')) return wholeNumber;
  return (read) => read as Value;
}

type Halves = { readonly low: number; readonly high: number; readonly unsigned: boolean };

/** An integer of 64 bits as protobufjs holds it: two halves, or a number for a default. */
function wholeNumber(read: unknown): number | bigint {
  if (typeof read === 'number') return integer(read);
  const { low, high, unsigned } = read as Halves;
  const near = (unsigned ? high >>> 0 : high) * 0x1_0000_0000 + (low >>> 0);
  return Number.isSafeInteger(near) ? near : (BigInt(unsigned ? high >>> 0 : high) << 32n) + BigInt(low >>> 0);
}

function timestamp(read: object): Value {
  const { seconds, nanos } = read as { readonly seconds?: unknown; readonly nanos?: unknown };
  const whole = BigInt(wholeNumber(seconds ?? 0)) * 1_000_000_000n + BigInt(typeof nanos === 'number' ? nanos : 0);
  const text = isoInstant(whole, 9, 'Z');
  return typeof text === 'string' ? text.replace(/(?:000){1,3}Z$/, 'Z').replace(/\.Z$/, 'Z') : text;
}

/** The parts of google/protobuf that a schema may import and no registry holds, as protobufjs takes them. */
export const WELL_KNOWN_TYPES = {
  google: {
    nested: {
      protobuf: {
        nested: {
          Timestamp: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } },
          Duration: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } },
          Empty: { fields: {} },
          ...Object.fromEntries(
            ['double', 'float', 'int64', 'uint64', 'int32', 'uint32', 'bool', 'string', 'bytes'].map((type) => [
              `${type.startsWith('uint') ? 'UInt' + type.slice(4) : type[0]?.toUpperCase() + type.slice(1)}Value`,
              { fields: { value: { type, id: 1 } } },
            ]),
          ),
        },
      },
    },
  },
};
