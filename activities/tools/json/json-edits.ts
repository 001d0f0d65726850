import { isArray, isObject, type Value } from '../../../schemas/index.ts';
import type { Location } from './json-path.ts';

/** Takes the value away. */
export const REMOVED = Symbol('removed');

/** A value with one place in it changed; the value as it is when there is no such place. */
export function editAt(root: Value, location: Location, edit: (value: Value) => Value | typeof REMOVED): Value {
  const edited = editWithin(root, location, edit);
  return edited === REMOVED ? null : edited;
}

function editWithin(value: Value, [key, ...rest]: Location, edit: (value: Value) => Value | typeof REMOVED): Value | typeof REMOVED {
  if (key === undefined) return edit(value);
  if (typeof key === 'number') {
    const item = isArray(value) ? value[key] : undefined;
    if (!isArray(value) || item === undefined) return value;
    const edited = editWithin(item, rest, edit);
    return edited === REMOVED ? value.toSpliced(key, 1) : value.with(key, edited);
  }
  const item = isObject(value) ? value.get(key) : undefined;
  if (!isObject(value) || item === undefined) return value;
  const edited = editWithin(item, rest, edit);
  const changed = new Map(value);
  if (edited === REMOVED) changed.delete(key);
  else changed.set(key, edited);
  return changed;
}

/** A value with a key of an object renamed, which puts it at the end as in Python. */
export function renameKey(root: Value, location: Location, name: string): Value {
  const key = location.at(-1);
  if (typeof key !== 'string') return root;
  return editAt(root, location.slice(0, -1), (parent) => {
    const value = isObject(parent) ? parent.get(key) : undefined;
    if (!isObject(parent) || value === undefined) return parent;
    const renamed = new Map(parent);
    renamed.delete(key);
    return renamed.set(name, value);
  });
}

/** Longer lists are not made for the sake of a path. */
const MOST_FILLED = 10_000;

/** A value with a path made that was not there, whatever it goes through made an object or a list; undefined when a path cannot be made. */
export function createAt(root: Value, location: Location, leaf: Value): Value | undefined {
  const [key, ...rest] = location;
  if (key === undefined) return leaf;
  if (typeof key === 'string') {
    if (!isObject(root)) return undefined;
    const inner = createAt(root.get(key) ?? emptyFor(rest[0]), rest, leaf);
    return inner === undefined ? undefined : new Map([...root, [key, inner]]);
  }
  if (!isArray(root) || key < 0 || key >= MOST_FILLED) return undefined;
  const filled = [...root];
  while (filled.length <= key) filled.push(new Map());
  const inner = createAt(rest.length === 0 ? null : (filled[key] ?? null), rest, leaf);
  return inner === undefined ? undefined : filled.with(key, inner);
}

const emptyFor = (key: string | number | undefined): Value => (typeof key === 'number' ? [] : new Map<string, Value>());
