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
