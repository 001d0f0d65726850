import { parsePythonFloat, parsePythonInteger, renderText } from '../../flow/index.ts';
import {
  float,
  fromPlain,
  integer,
  isArray,
  isNumeric,
  isObject,
  parseJson,
  type ToolDescription,
  type ToolParameter,
  type Value,
  type Values,
} from '../../schemas/index.ts';

export type CheckedArguments = { readonly ok: true; readonly args: Values } | { readonly ok: false; readonly message: string };

/**
 * Arguments in the types that a tool declares, as Dify casts them: numbers and booleans from text, lists from lines or JSON text, objects
 * from JSON text. What is null or left out takes its default; what is not declared is left out.
 */
export function checkArguments(tool: ToolDescription, given: Values): CheckedArguments {
  const args = new Map<string, Value>();
  for (const parameter of tool.parameters) {
    const value = given.get(parameter.name) ?? null;
    const empty = value === null || (value === '' && parameter.type !== 'string' && parameter.type !== 'array');
    const cast = empty ? defaultOf(parameter) : castTo(parameter.type, value);
    if (cast === undefined) return wrong(tool, parameter, `has a value that is no ${parameter.type}`);
    if (cast === null && parameter.required) return wrong(tool, parameter, 'is missing');
    if (parameter.options !== undefined && cast !== null && !parameter.options.includes(renderText(cast))) {
      return wrong(tool, parameter, `is none of ${parameter.options.join(', ')}`);
    }
    if (cast !== null) args.set(parameter.name, cast);
  }
  return { ok: true, args };
}

const wrong = ({ provider, name }: ToolDescription, parameter: ToolParameter, what: string): CheckedArguments => ({
  ok: false,
  message: `the parameter "${parameter.name}" of the tool ${provider}/${name} ${what}`,
});

const defaultOf = ({ default: standard }: ToolParameter): Value => (standard === undefined ? null : fromPlain(standard));

/** Undefined when it cannot be. */
function castTo(type: ToolParameter['type'], value: Value): Value | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : renderText(value);
    case 'number':
      return castNumber(value);
    case 'boolean':
      return castBoolean(value);
    case 'object':
      return castJson(value, isObject);
    case 'array':
      return typeof value === 'string' ? (castJson(value, isArray) ?? value.split(/\r?\n/)) : isArray(value) ? value : undefined;
  }
}

function castNumber(value: Value): Value | undefined {
  if (isNumeric(value)) return value;
  if (typeof value !== 'string') return undefined;
  const whole = parsePythonInteger(value);
  if (whole !== undefined) return integer(whole);
  const fraction = parsePythonFloat(value);
  return fraction === undefined ? undefined : float(fraction);
}

const TRUE = new Set(['true', 'yes', 'y', '1']);
const FALSE = new Set(['false', 'no', 'n', '0']);

function castBoolean(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (isNumeric(value)) return Number(typeof value === 'object' ? value.float : value) !== 0;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

function castJson(value: Value, fits: (value: Value) => boolean): Value | undefined {
  if (typeof value !== 'string') return fits(value) ? value : undefined;
  const parsed = parseJson(value);
  return parsed.ok && fits(parsed.value) ? parsed.value : undefined;
}
