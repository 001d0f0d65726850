import { textMasker, type Value, type Values } from '../schemas/index.ts';

/** Masks secrets in all texts of a value, keys included, as `textMasker` does in one text. */
export function maskSecrets(value: Value, secrets: readonly string[]): Value {
  return secrets.length === 0 ? value : masked(value, textMasker(secrets));
}

/**
 * Masks secrets in the outputs of a node. The outputs' names, and the outputs named by `own`, come from the flow and steer the run:
 * they stay as they are, even when they happen to equal a secret.
 */
export function maskOutputs(outputs: Values, secrets: readonly string[], own: readonly string[]): Values {
  if (secrets.length === 0) return outputs;
  const mask = textMasker(secrets);
  return new Map(Array.from(outputs, ([name, value]): [string, Value] => [name, own.includes(name) ? value : masked(value, mask)]));
}

function masked(value: Value, mask: (text: string) => string): Value {
  if (typeof value === 'string') return mask(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => masked(item, mask));
  if (value instanceof Map) {
    return new Map(Array.from(value as ReadonlyMap<string, Value>, ([key, item]): [string, Value] => [mask(key), masked(item, mask)]));
  }
  return value;
}
