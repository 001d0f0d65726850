import type { Json } from '../../schemas/core.ts';

/** A field of a node that differs. A side without it has no `before` or no `after`. */
export type FieldChange = { readonly path: string; readonly before?: Json; readonly after?: Json };

type JsonObject = { readonly [key: string]: Json };
const isObject = (json: Json | undefined): json is JsonObject => typeof json === 'object' && json !== null && !Array.isArray(json);
const isList = (json: Json | undefined): json is readonly Json[] => Array.isArray(json);
/** Numbers of the encoded form are objects with one key. */
const isScalar = (json: JsonObject): boolean => Object.keys(json).some((key) => key.startsWith('$'));

/** All leaves that differ, as "model.completion_params.temperature" or "cases[0].conditions[1].value". */
export function changedFields(before: Json | undefined, after: Json | undefined, path = ''): readonly FieldChange[] {
  if (isObject(before) && isObject(after) && !isScalar(before) && !isScalar(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changedFields(own(before, key), own(after, key), path === '' ? key : `${path}.${key}`));
  }
  if (isList(before) && isList(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => changedFields(before[i], after[i], `${path}[${i}]`)).flat();
  }
  if (same(before, after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

const own = (object: JsonObject, key: string): Json | undefined => (Object.hasOwn(object, key) ? object[key] : undefined);

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (isObject(a) && isObject(b)) return Object.keys({ ...a, ...b }).every((key) => same(own(a, key), own(b, key)));
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  return a === b;
}
