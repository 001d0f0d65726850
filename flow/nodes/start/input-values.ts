import { isArray, isNumeric, isObject, typeOf, type Value } from '../../../schemas/core.ts';
import type { StartVariable } from './config.ts';
import { fileInputs } from './file-input.ts';

export type CheckedInput = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

const NO_RULES = { types: [], extensions: [], methods: [] };
const FORM_TYPES: ReadonlySet<string> = new Set(['text-input', 'paragraph', 'select', 'number', 'checkbox', 'json_object', 'json']);
const FILE_TYPES: ReadonlySet<string> = new Set(['file', 'file-list']);
const ITEMS: ReadonlyMap<string, (item: Value) => boolean> = new Map<string, (item: Value) => boolean>([
  ['array[string]', (item: Value) => typeof item === 'string'],
  ['array[number]', isNumeric],
  ['array[boolean]', (item: Value) => typeof item === 'boolean'],
  ['array[object]', isObject],
]);

export const isFileType = (type: string): boolean => FILE_TYPES.has(type);

/** Whether values of this type can be given to a run by somebody who fills in a form. */
export const isInputType = (type: string): boolean => FORM_TYPES.has(type) || isFileType(type);

/** Checks an input of a type beyond those of plain forms: files, and what a webhook brings. */
export function checkFurtherType({ type, maxLength, files = NO_RULES }: StartVariable, value: Value, name: string): CheckedInput {
  const wanted = (what: string): CheckedInput => ({ ok: false, message: `${name} must be ${what}, not ${typeOf(value)}` });
  if (isFileType(type)) {
    if (type === 'file' && isArray(value) && value.length !== 1) return { ok: false, message: `${name} must be one file` };
    if (type === 'file-list' && !isArray(value)) return wanted('a list of files');
    if (isArray(value) && maxLength !== null && maxLength > 0 && value.length > maxLength)
      return { ok: false, message: `${name} has ${value.length} files, at most ${maxLength} are allowed (max_length)` };
    const made = fileInputs(value, files);
    if (!made.ok) return { ok: false, message: `${name}: ${made.message}` };
    return { ok: true, value: type === 'file' ? (made.files[0] ?? null) : made.files };
  }
  const item = ITEMS.get(type);
  if (item !== undefined) return isArray(value) && value.every(item) ? { ok: true, value } : wanted(`a list (${type})`);
  if (type === 'string') return typeof value === 'string' ? { ok: true, value } : wanted('text');
  if (type === 'boolean') return typeof value === 'boolean' ? { ok: true, value } : wanted('true or false');
  if (type === 'object') return isObject(value) ? { ok: true, value } : wanted('an object');
  return { ok: false, message: `${name} has the type "${type}", which cannot be given in this version of Riskflow` };
}
