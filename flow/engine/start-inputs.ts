import { decodeValue, float, isObject, parseJson, typeOf, type Value, type Values } from '../../schemas/core.ts';
import type { Plan } from '../plan/plan.ts';
import type { StartVariable } from '../nodes/start/config.ts';
import { checkFurtherType } from '../nodes/start/input-values.ts';
import { parsePythonFloat, parsePythonInteger, pythonStrip } from '../text/index.ts';

export type InputCheck = { readonly ok: true; readonly inputs: Values } | { readonly ok: false; readonly message: string };
type Checked = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

/** The start variables of a plan; none when its root is a trigger. */
export function startVariables(plan: Plan): readonly StartVariable[] {
  const root = plan.nodes[plan.root];
  return root?.behaviour.kind === 'start' ? root.behaviour.config.variables : [];
}

/**
 * Checks what a run is given against the start node's variables, as Dify does before a run: a required one must be there, text
 * must be text, a number may be given as text (Python's syntax), a choice must be one of the options; what is not declared is dropped.
 */
export function checkInputs(plan: Plan, given: Values): InputCheck {
  const inputs = new Map<string, Value>(tellsAll(plan) ? given : []);
  for (const variable of startVariables(plan)) {
    const checked = checkInput(variable, given.get(variable.name));
    if (!checked.ok) return checked;
    inputs.set(variable.name, checked.value);
  }
  return { ok: true, inputs };
}

/** An event of a plugin tells what nobody declares. */
function tellsAll(plan: Plan): boolean {
  const root = plan.nodes[plan.root];
  return root?.behaviour.kind === 'start' && root.behaviour.config.trigger?.kind === 'plugin';
}

function checkInput(variable: StartVariable, value: Value | undefined): Checked {
  const name = `input "${variable.name}"`;
  if (value === undefined || value === null) {
    const fallback = decodeValue(variable.default);
    if (fallback !== null && fallback !== '') return checkType(variable, fallback, name);
    if (variable.required) return { ok: false, message: `${name} is required` };
    return { ok: true, value: variable.type === 'checkbox' ? false : null };
  }
  if (value === '' && variable.required && variable.type !== 'number')
    return { ok: false, message: `${name} is required and must not be empty` };
  return checkType(variable, value, name);
}

function checkType(variable: StartVariable, value: Value, name: string): Checked {
  switch (variable.type) {
    case 'number':
      return checkNumber(value, name);
    case 'checkbox':
      if (typeof value !== 'boolean') return { ok: false, message: `${name} must be true or false, not ${typeOf(value)}` };
      return { ok: true, value };
    case 'json_object':
    case 'json':
      return checkObject(value, name);
    case 'select':
      if (typeof value !== 'string') return { ok: false, message: `${name} must be text, not ${typeOf(value)}` };
      if (!variable.options.includes(value))
        return { ok: false, message: `${name} must be one of ${variable.options.map((option) => `"${option}"`).join(', ')}` };
      return { ok: true, value };
    case 'text-input':
    case 'paragraph':
      return checkText(variable, value, name);
    default:
      return checkFurtherType(variable, value, name);
  }
}

function checkText(variable: StartVariable, value: Value, name: string): Checked {
  if (typeof value !== 'string') return { ok: false, message: `${name} must be text, not ${typeOf(value)}` };
  if (variable.maxLength !== null && variable.maxLength > 0 && codePoints(value) > variable.maxLength) {
    return {
      ok: false,
      message: `${name} is ${codePoints(value)} characters long, at most ${variable.maxLength} are allowed (max_length)`,
    };
  }
  return { ok: true, value };
}

const codePoints = (text: string): number => {
  let count = 0;
  for (const _ of text) count++;
  return count;
};

function checkNumber(value: Value, name: string): Checked {
  if (typeof value === 'string') return numberOfText(value, name);
  const type = typeOf(value);
  return type === 'integer' || type === 'float' ? { ok: true, value } : { ok: false, message: `${name} must be a number, not ${type}` };
}

// Python's syntax decides: with a point the text is a float, else it must be an integer ("1e5", "0x10" and "inf" are none).
function numberOfText(text: string, name: string): Checked {
  if (pythonStrip(text) === '') return { ok: true, value: null };
  if (text.includes('.')) {
    const number = parsePythonFloat(text);
    if (number !== undefined) return { ok: true, value: float(number) };
  } else {
    const number = parsePythonInteger(text);
    if (number !== undefined) return { ok: true, value: number };
  }
  return { ok: false, message: `${name} must be a number, not the text "${text.slice(0, 40)}"` };
}

function checkObject(value: Value, name: string): Checked {
  if (isObject(value)) return { ok: true, value };
  if (typeof value !== 'string') return { ok: false, message: `${name} must be a JSON object, not ${typeOf(value)}` };
  const parsed = parseJson(value);
  if (!parsed.ok || !isObject(parsed.value)) return { ok: false, message: `${name} must be a JSON object` };
  return { ok: true, value: parsed.value };
}
