import { float, isArray, isFloatTag, isObject, parseJson, typeOf, type Value, type Values } from '../../schemas/core.ts';
import type { NodeCommon } from '../../schemas/index.ts';
import { valueOfPlain } from '../import/yaml-values.ts';
import { parsePythonFloat } from '../text/index.ts';

type DefaultsResult = { readonly ok: true; readonly values: Values } | { readonly ok: false; readonly message: string };
type ValueResult = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: string };
type DefaultType = { readonly name: string; readonly read: (text: string) => Value | undefined; readonly has: (value: Value) => boolean };

const MAX_SHOWN = 40;

// A boolean is an integer to Python, so it passes for a number here, as it does in graphon.
const isNumber = (value: Value): boolean =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || isFloatTag(value);
const isText = (value: Value): boolean => typeof value === 'string';
const listOf = (has: (value: Value) => boolean) => (value: Value) => isArray(value) && value.every(has);

function readNumber(text: string): Value | undefined {
  const number = parsePythonFloat(text);
  return number === undefined ? undefined : float(number);
}

function readJson(text: string): Value | undefined {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : undefined;
}

const asItIs = (text: string): Value => text;

const TYPES: ReadonlyMap<string, DefaultType> = new Map([
  ['string', { name: 'text', read: asItIs, has: isText }],
  ['number', { name: 'a number', read: readNumber, has: isNumber }],
  ['object', { name: 'a JSON object', read: readJson, has: isObject }],
  ['array[number]', { name: 'a JSON list of numbers', read: readJson, has: listOf(isNumber) }],
  ['array[string]', { name: 'a JSON list of texts', read: readJson, has: listOf(isText) }],
  ['array[object]', { name: 'a JSON list of objects', read: readJson, has: listOf(isObject) }],
  // Files are taken unchecked, as graphon takes them.
  ['array[file]', { name: 'a list of files', read: asItIs, has: () => true }],
]);

/**
 * The outputs that a node's `default_value` gives when it fails: a list of {key, type, value}, where the value may be the text of
 * its type; a number given as text becomes a float, by the rules of Python's `float`. Checked as graphon 0.8 does, whatever the
 * node's error strategy; the message of a failure names the key.
 */
export function defaultValues(items: NodeCommon['default_value']): DefaultsResult {
  const values = new Map<string, Value>();
  for (const item of items) {
    const checked = typedValue(item.type ?? null, valueOfPlain(item.value ?? null));
    if (!checked.ok) return { ok: false, message: `the default value of "${item.key}" ${checked.problem}` };
    values.set(item.key, checked.value);
  }
  return { ok: true, values };
}

function typedValue(typeName: string | null, given: Value): ValueResult {
  if (typeName === null) return { ok: false, problem: 'has no type' };
  const type = TYPES.get(typeName);
  if (type === undefined) return { ok: false, problem: `has the unknown type "${typeName}"` };
  const value = typeof given === 'string' ? type.read(given) : given;
  if (value !== undefined && type.has(value)) return { ok: true, value };
  return { ok: false, problem: `must be ${type.name} (type ${typeName}), not ${described(given)}` };
}

function described(value: Value): string {
  if (typeof value !== 'string') return typeOf(value);
  return `the text "${value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value}"`;
}
