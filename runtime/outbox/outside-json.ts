import { isArray, isObject, isSecretRef, MASK, type Json, type Value } from '../../schemas/index.ts';

/**
 * A value as other programs take it: a float is a number, integers beyond 2^53, which they would round, are text, and what JSON lacks (NaN,
 * infinities) is null.
 */
export function outsideJson(value: Value): Json {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(outsideJson);
  if (isObject(value)) return Object.fromEntries(Array.from(value, ([key, item]) => [key, outsideJson(item)]));
  if (isSecretRef(value)) return MASK;
  return Number.isFinite(value.float) ? value.float : null;
}
