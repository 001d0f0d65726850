import type { Value } from '../schemas/index.ts';

const MASK = '***';

/** Replaces every occurrence of a secret's value in all texts of a value, keys included. */
export function maskSecrets(value: Value, secrets: readonly string[]): Value {
  if (secrets.length === 0) return value;
  return mask(value, secrets);
}

function mask(value: Value, secrets: readonly string[]): Value {
  if (typeof value === 'string') return maskText(value, secrets);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => mask(item, secrets));
  if (value instanceof Map) {
    return new Map(
      Array.from(value as ReadonlyMap<string, Value>, ([key, item]): [string, Value] => [maskText(key, secrets), mask(item, secrets)]),
    );
  }
  return value;
}

const maskText = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((left, secret) => (secret === '' ? left : left.replaceAll(secret, MASK)), text);
