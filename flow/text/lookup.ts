import { isObject, type Value } from '../../schemas/core.ts';
import { fileAttribute, isFile } from './file-value.ts';

/** Finds the value of a selector in the pool; undefined when the pool has none, which is not the same as null. */
export type Lookup = (selector: readonly string[]) => Value | undefined;

/**
 * Walks from a variable's value into its objects: what a selector names beyond (node, variable). Lists and texts have no
 * members. Of a file one attribute can be read, by Dify's names; further names are then without effect, as in Dify.
 */
export function lookupIn(value: Value, path: readonly string[]): Value | undefined {
  const first = path[0];
  if (first !== undefined && isFile(value)) return fileAttribute(value, first);
  let current = value;
  for (const name of path) {
    if (!isObject(current)) return undefined;
    const member = current.get(name);
    if (member === undefined) return undefined;
    current = member;
  }
  return current;
}
