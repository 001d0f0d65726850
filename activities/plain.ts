import { isArray, isFloatTag, isObject, isSecretRef, type Value } from '../schemas/index.ts';

/** A value as ordinary JavaScript data, for libraries that want that: floats and integers are numbers again. */
export function plainOf(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(plainOf);
  if (isObject(value)) return Object.fromEntries(Array.from(value, ([key, item]) => [key, plainOf(item)]));
  if (isFloatTag(value)) return value.float;
  return isSecretRef(value) ? null : value;
}
