import { integer, isArray, isObject, isSecretRef, type ObjectValue, type Value, type Values } from './values.ts';

/** What JSON.parse gives and JSON.stringify takes. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/**
 * The stored form of a value: JSON in which the forms JSON cannot tell apart are tagged.
 *
 * `{"$float": 2}` (or "NaN", "Infinity", "-Infinity", "-0") · `{"$int": "9007199254740993"}` · `{"$secret": [name, version]}` ·
 * `{"$map": [[key, value], …]}` for an object one of whose keys JavaScript would move or misread: it begins with "$" or a
 * digit, or is "__proto__". A plain encoded object therefore never has a key that begins with "$".
 */
export function encodeValue(value: Value): Json {
  switch (typeof value) {
    case 'bigint':
      return { $int: value.toString() };
    case 'object':
      if (value === null) return null;
      if (isArray(value)) return value.map(encodeValue);
      if (isObject(value)) return encodeObject(value);
      return isSecretRef(value) ? { $secret: [value.secret, value.version] } : { $float: floatText(value.float) };
    default:
      return value;
  }
}

/** Encodes the entries of a map of values as a JSON object, in the same form as an object value. */
export const encodeValues = (values: Values): Json => encodeObject(values);

function encodeObject(value: ObjectValue): Json {
  for (const key of value.keys()) {
    if (needsMap(key)) return { $map: Array.from(value, ([k, v]): Json => [k, encodeValue(v)]) };
  }
  const object: Record<string, Json> = {};
  for (const [key, item] of value) object[key] = encodeValue(item);
  return object;
}

function needsMap(key: string): boolean {
  const first = key.charCodeAt(0);
  return first === 36 || (first >= 48 && first <= 57) || key === '__proto__';
}

function floatText(n: number): Json {
  return Number.isFinite(n) && !Object.is(n, -0) ? n : Object.is(n, -0) ? '-0' : String(n);
}

/** Reads what `encodeValue` wrote. @throws TypeError for a tag it does not know. */
export function decodeValue(json: Json): Value {
  if (typeof json !== 'object' || json === null) return typeof json === 'number' ? decodeNumber(json) : json;
  if (isJsonArray(json)) return json.map(decodeValue);
  const keys = Object.keys(json);
  const first = keys[0];
  if (keys.length === 1 && first !== undefined && first.charCodeAt(0) === 36) return decodeTag(first, json[first] ?? null);
  const object = new Map<string, Value>();
  for (const key of keys) object.set(key, decodeValue(json[key] ?? null));
  return object;
}

/** Reads what `encodeValues` wrote. @throws TypeError when it is not an object. */
export function decodeValues(json: Json): Values {
  const value = decodeValue(json);
  if (!isObject(value)) throw new TypeError('an encoded object was expected');
  return value;
}

const isJsonArray = (json: Json): json is readonly Json[] => Array.isArray(json);

// 1e300 in JSON is a float that JavaScript shows as an integral number beyond 2^53; our own encoder tags those, other
// writers may not, and Python reads an exponent as a float.
const decodeNumber = (n: number): Value => (Number.isInteger(n) && !Number.isSafeInteger(n) ? { float: n } : n);

function decodeTag(tag: string, body: Json): Value {
  if (tag === '$float' && (typeof body === 'number' || typeof body === 'string')) return { float: Number(body) };
  if (tag === '$int' && typeof body === 'string') return integer(BigInt(body));
  if (tag === '$secret' && isJsonArray(body) && typeof body[0] === 'string' && typeof body[1] === 'string') {
    return { secret: body[0], version: body[1] };
  }
  if (tag === '$map' && isJsonArray(body)) {
    return new Map(
      body.map((pair): [string, Value] => {
        if (!isJsonArray(pair) || typeof pair[0] !== 'string') throw new TypeError('a $map entry is [key, value]');
        return [pair[0], decodeValue(pair[1] ?? null)];
      }),
    );
  }
  throw new TypeError(`unknown tag ${tag} in an encoded value`);
}
