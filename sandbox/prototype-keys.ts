import { isArray, isObject, parseJson, toJsonText, type Value } from '../schemas/core.ts';

const SUSPICIOUS = /"(?:__proto__|constructor)"/;

/**
 * Takes out of a result the keys by which a careless merge into another object would change a prototype: `__proto__`, and
 * `constructor` when it holds an object. A `constructor` that is a text or a number is ordinary data and stays.
 *
 * @param json JSON text as JSON.stringify writes it (no escapes in plain keys).
 * @returns JSON text, or undefined when `json` is not JSON.
 */
export function withoutPrototypeKeys(json: string): string | undefined {
  // Nearly all results have none of these words; they are passed on untouched and unparsed.
  if (!SUSPICIOUS.test(json)) return json;
  try {
    return JSON.stringify(JSON.parse(json, dropPrototypeKey));
  } catch {
    return undefined;
  }
}

function dropPrototypeKey(this: unknown, key: string, value: unknown): unknown {
  // Deleted keys are asked for no more, and an array's holes would be written as null: its keys are never these two.
  if (key === '__proto__') return undefined;
  if (key === 'constructor' && typeof value === 'object' && value !== null) return undefined;
  return value;
}

/** Words that may hide such a key, also in escapes, which other writers than JSON.stringify may use. */
const SUSPICIOUS_ANYWHERE = /__proto__|constructor|\\u/;

/**
 * The same for JSON text of any writer, with 2 and 2.0 kept apart and integers exact.
 *
 * @returns JSON text, or undefined when `json` is not JSON (NaN is none) or nests too deeply.
 */
export function withoutPrototypeKeysExactly(json: string): string | undefined {
  const parsed = parseJson(json);
  if (!parsed.ok) return undefined;
  return SUSPICIOUS_ANYWHERE.test(json) ? toJsonText(cleaned(parsed.value)) : json;
}

function cleaned(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(cleaned);
  if (!isObject(value)) return value;
  const kept = [...value].filter(([key, item]) => key !== '__proto__' && !(key === 'constructor' && isContainer(item)));
  return new Map(kept.map(([key, item]): [string, Value] => [key, cleaned(item)]));
}

const isContainer = (value: Value): boolean => typeof value === 'object' && value !== null && (isArray(value) || isObject(value));
