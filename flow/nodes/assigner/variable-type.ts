import { float, isArray, isNumeric, isObject, isSecretRef, typeOf, type Value } from '../../../schemas/core.ts';
import { isFile } from '../../text/index.ts';

/** Dify's names for the types of variables. `integer` and `float` are kinds of `number`. */
export type VariableType =
  | 'string'
  | 'number'
  | 'integer'
  | 'float'
  | 'boolean'
  | 'object'
  | 'file'
  | 'secret'
  | 'none'
  | 'array[any]'
  | 'array[string]'
  | 'array[number]'
  | 'array[boolean]'
  | 'array[object]'
  | 'array[file]';

const TYPES: ReadonlySet<string> = new Set<VariableType>([
  'string',
  'number',
  'integer',
  'float',
  'boolean',
  'object',
  'file',
  'secret',
  'none',
  'array[any]',
  'array[string]',
  'array[number]',
  'array[boolean]',
  'array[object]',
  'array[file]',
]);

/** The type a variable was declared with, or that of its value where it was not. */
export const variableType = (declared: string | undefined, value: Value): VariableType =>
  declared !== undefined && isVariableType(declared) ? declared : inferType(value);

const isVariableType = (name: string): name is VariableType => TYPES.has(name);

/** The type Dify gives a value that nothing declares: an empty or mixed list is an array[any]. */
function inferType(value: Value): VariableType {
  if (value === null) return 'none';
  if (isArray(value)) return arrayType(value);
  if (isObject(value)) return isFile(value) ? 'file' : 'object';
  if (isSecretRef(value)) return 'secret';
  const type = typeOf(value);
  return isVariableType(type) ? type : 'none';
}

function arrayType(items: readonly Value[]): VariableType {
  if (items.length === 0) return 'array[any]';
  if (items.every((item) => typeof item === 'string')) return 'array[string]';
  if (items.every(isNumeric)) return 'array[number]';
  if (items.every((item) => typeof item === 'boolean')) return 'array[boolean]';
  if (items.every(isFile)) return 'array[file]';
  return items.every((item) => isObject(item) && !isFile(item)) ? 'array[object]' : 'array[any]';
}

export const isArrayType = (type: VariableType): boolean => type.startsWith('array[');
export const isNumberType = (type: VariableType): boolean => type === 'number' || type === 'integer' || type === 'float';

/** What `clear` leaves in a variable of a type; undefined for files, secrets and null, which cannot be cleared. */
export function zeroValue(type: VariableType): Value | undefined {
  switch (type) {
    case 'string':
      return '';
    case 'number':
    case 'integer':
      return 0;
    case 'float':
      return float(0);
    case 'boolean':
      return false;
    case 'object':
      return new Map();
    case 'array[any]':
    case 'array[string]':
    case 'array[number]':
    case 'array[boolean]':
    case 'array[object]':
      return [];
    default:
      return undefined;
  }
}
