import { isArray, isObject, type Value } from '../../schemas/core.ts';

/** Looks into data of which nothing is known yet: what is not there, or of another form, is empty. */
export const at = (value: Value | undefined, ...path: readonly string[]): Value =>
  path.reduce<Value>((inner, key) => (isObject(inner) ? (inner.get(key) ?? null) : null), value ?? null);

export const textAt = (value: Value | undefined, ...path: readonly string[]): string => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
};

export const listAt = (value: Value | undefined, ...path: readonly string[]): readonly Value[] => {
  const found = at(value, ...path);
  return isArray(found) ? found : [];
};
