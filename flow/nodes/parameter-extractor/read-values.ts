import { float, isArray, isFloatTag, isNumeric, isObject, type ObjectValue, type Value } from '../../../schemas/core.ts';
import { parsePythonFloat, parsePythonInteger } from '../../text/index.ts';
import type { Parameter, ParameterType } from './config.ts';

/** What Dify gives where a model found nothing at all; lists are left out. */
export function nothingFound(parameters: readonly Parameter[]): ObjectValue {
  return new Map(parameters.filter(({ type }) => !type.startsWith('array')).map(({ name, type }) => [name, defaultOf(type)]));
}

/** What is wrong with what a model found, in one sentence; undefined for nothing. There has to be one value for each parameter. */
export function problemOf(parameters: readonly Parameter[], found: ObjectValue): string | undefined {
  if (found.size !== parameters.length) return `${found.size} values were found for ${parameters.length} parameters`;
  for (const { name, type, options, required } of parameters) {
    const value = found.get(name);
    if (value === undefined && required) return `the parameter "${name}" is required and was not found`;
    if (value === undefined || !isOfType(type, value)) return `the value of the parameter "${name}" is no ${type}`;
    if (type === 'string' && options.length > 0 && !options.some((option) => option === value))
      return `the value of the parameter "${name}" is none of its options`;
  }
  return undefined;
}

/** The value of each parameter in its type: read where it can be, else the default of the type. */
export const valuesOf = (parameters: readonly Parameter[], found: ObjectValue): ReadonlyMap<string, Value> =>
  new Map(parameters.map(({ name, type }): [string, Value] => [name, valueOf(type, found.get(name) ?? null)]));

// A boolean is a number to Python.
const isNumber = (value: Value): boolean => isNumeric(value) || typeof value === 'boolean';

function isOfType(type: ParameterType, value: Value): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'number':
      return isNumber(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'array[string]':
      return isArray(value) && value.every((item) => typeof item === 'string');
    case 'array[number]':
      return isArray(value) && value.every(isNumber);
    case 'array[boolean]':
      return isArray(value) && value.every((item) => typeof item === 'boolean');
    case 'array[object]':
      return isArray(value) && value.every(isObject);
  }
}

function valueOf(type: ParameterType, value: Value): Value {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : defaultOf(type);
    case 'number':
      return numberOf(value) ?? defaultOf(type);
    case 'boolean':
      return typeof value === 'boolean' || isInteger(value) ? Boolean(value) : defaultOf(type);
    case 'array[string]':
      return itemsOf(value).filter((item) => typeof item === 'string');
    case 'array[number]':
      return itemsOf(value).flatMap((item) => numberOf(item) ?? []);
    case 'array[boolean]':
      return itemsOf(value).filter((item) => typeof item === 'boolean');
    case 'array[object]':
      return itemsOf(value).filter(isObject);
  }
}

const itemsOf = (value: Value): readonly Value[] => (isArray(value) ? value : []);
const isInteger = (value: Value): boolean =>
  isNumeric(value) && !isFloatTag(value) && (typeof value === 'bigint' || Number.isInteger(value));

function defaultOf(type: ParameterType): Value {
  if (type === 'number') return 0;
  if (type === 'boolean') return false;
  return type === 'string' ? '' : [];
}

/** A number, a boolean as 0 or 1, or a text that is a number: with a point a float, else an integer. */
function numberOf(value: Value): Value | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (isNumeric(value)) return value;
  if (typeof value !== 'string') return undefined;
  if (!value.includes('.')) return parsePythonInteger(value);
  const number = parsePythonFloat(value);
  return number === undefined ? undefined : float(number);
}
