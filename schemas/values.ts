/**
 * The values a flow computes with.
 *
 * Dify's engine is Python, where 2 and 2.0 are different things, integers have no upper bound and objects keep the order of
 * their keys. JavaScript's own values lose all three, so the pool uses these forms:
 *
 * - `number`: an integer within ±(2^53−1) when it is integral, else a float
 * - `bigint`: an integer outside that range (never inside it)
 * - `Float`: a float that a plain `number` could not tell from an integer: integral, infinite, NaN or −0
 * - `ObjectValue`: a Map, which keeps the order of keys and knows no prototypes
 * - `SecretRef`: names a secret; its value is filled in by the executor of an effect and never enters the pool
 *
 * Build numbers with `integer` and `float`, which choose the one valid form.
 */
export type Value = null | boolean | string | number | bigint | Float | SecretRef | readonly Value[] | ObjectValue;

export type Float = { readonly float: number };
export type SecretRef = { readonly secret: string; readonly version: string };
export type ObjectValue = ReadonlyMap<string, Value>;
export type ArrayValue = readonly Value[];

/** Outputs of a node, or inputs of a run, by name. */
export type Values = ReadonlyMap<string, Value>;

export const ValueType = {
  null: 'null',
  boolean: 'boolean',
  string: 'string',
  integer: 'integer',
  float: 'float',
  object: 'object',
  array: 'array',
  secret: 'secret',
} as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

export const isArray = (value: Value): value is ArrayValue => Array.isArray(value);
export const isObject = (value: Value): value is ObjectValue => value instanceof Map;
export const isFloatTag = (value: Value): value is Float =>
  typeof value === 'object' && value !== null && 'float' in value && !(value instanceof Map) && !Array.isArray(value);
export const isSecretRef = (value: Value): value is SecretRef =>
  typeof value === 'object' && value !== null && 'secret' in value && !(value instanceof Map) && !Array.isArray(value);

export function typeOf(value: Value): ValueType {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'string';
    case 'bigint':
      return 'integer';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'float';
    default:
      if (value === null) return 'null';
      if (isArray(value)) return 'array';
      if (isObject(value)) return 'object';
      return isSecretRef(value) ? 'secret' : 'float';
  }
}

/** An integer in its one valid form. @throws RangeError when `n` is a number that is not an integer. */
export function integer(n: number | bigint): number | bigint {
  if (typeof n === 'number') {
    if (Number.isSafeInteger(n)) return n === 0 ? 0 : n;
    return BigInt(n);
  }
  return n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n;
}

/** A float in its one valid form. */
export const float = (n: number): number | Float => (Number.isFinite(n) && !Number.isInteger(n) ? n : Object.freeze({ float: n }));

/** Integers and floats; a boolean is not a number. */
export const isNumeric = (value: Value): value is number | bigint | Float =>
  typeof value === 'number' || typeof value === 'bigint' || isFloatTag(value);

/** The nearest double of a numeric value. */
export const toDouble = (value: number | bigint | Float): number => (typeof value === 'object' ? value.float : Number(value));

export const objectOf = (entries: Iterable<readonly [string, Value]>): ObjectValue => new Map(entries);

/** Same type, same content; objects regardless of the order of keys; 2 and 2.0 differ. NaN equals NaN. */
export function sameValue(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i] ?? null));
  if (isObject(a)) {
    if (!isObject(b) || a.size !== b.size) return false;
    for (const [key, item] of a) {
      const other = b.get(key);
      if (other === undefined || !sameValue(item, other)) return false;
    }
    return true;
  }
  if (isSecretRef(a)) return isSecretRef(b) && a.secret === b.secret && a.version === b.version;
  return isFloatTag(b) && isFloatTag(a) && Object.is(a.float, b.float);
}
