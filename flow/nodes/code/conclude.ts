import { isArray, isNumeric, isObject, integer, isFloatTag, type Value, type Values } from '../../../schemas/core.ts';
import { DEFAULT_HANDLE, type Conclusion } from '../../engine/node-outcome.ts';
import { CODE_MAX_NUMBER, DEFAULT_LIMITS, type Limits } from '../../limits.ts';
import type { CodeConfig, OutputType } from './config.ts';

type Checked = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };
const ok = (value: Value): Checked => ({ ok: true, value });
const wrong = (message: string): Checked => ({ ok: false, message });

/**
 * Checks what main() returned against the declared outputs as Dify does: each declared output must be there, nothing else may be,
 * null passes for every type, a boolean counts as a number, NUL characters are taken out of strings.
 */
export function concludeCode(config: CodeConfig, outputs: Values, limits: Limits = DEFAULT_LIMITS): Conclusion {
  const result = outputs.get('result');
  if (result === undefined || !isObject(result)) return fail('the code must return an object (a dict) with the declared outputs');
  const checked = checkObject(config.outputs, result, { path: '', depth: 1, limits });
  if (!checked.ok) return fail(checked.message);
  if (!isObject(checked.value)) return fail('the code must return an object');
  return { ok: true, outputs: checked.value, handle: DEFAULT_HANDLE };
}

const fail = (message: string): Conclusion => ({ ok: false, error: { message, type: 'OutputValidationError' } });

type Place = { readonly path: string; readonly depth: number; readonly limits: Limits };

function checkObject(declared: Readonly<Record<string, OutputType>>, value: ReadonlyMap<string, Value>, place: Place): Checked {
  if (place.depth > place.limits.codeMaxDepth)
    return wrong(`output ${place.path} is nested deeper than ${place.limits.codeMaxDepth} levels (setting limits.codeMaxDepth)`);
  const result = new Map<string, Value>();
  for (const [name, type] of Object.entries(declared)) {
    const path = place.path === '' ? name : `${place.path}.${name}`;
    const item = value.get(name);
    if (item === undefined) return wrong(`output "${path}" is declared but was not returned`);
    const checked = checkValue(type, item, { ...place, path });
    if (!checked.ok) return checked;
    result.set(name, checked.value);
  }
  const extra = [...value.keys()].find((name) => !Object.hasOwn(declared, name));
  if (extra !== undefined) return wrong(`Not all output parameters are validated: "${extra}" was returned but is not declared`);
  return ok(result);
}

function checkValue(type: OutputType, value: Value, place: Place): Checked {
  if (value === null) return ok(null);
  switch (type.type) {
    case 'string':
      return checkString(value, place);
    case 'number':
      return checkNumber(value, place);
    case 'boolean':
      return typeof value === 'boolean' ? ok(value) : wrong(`output "${place.path}" must be a boolean`);
    case 'object':
      if (!isObject(value)) return wrong(`output "${place.path}" must be an object`);
      return type.children === null ? ok(value) : checkObject(type.children, value, { ...place, depth: place.depth + 1 });
    case 'array[string]':
      return checkArray(value, place, 'codeMaxStringArray', checkString);
    case 'array[number]':
      return checkArray(value, place, 'codeMaxNumberArray', checkNumber);
    case 'array[boolean]':
      return checkArray(value, place, 'codeMaxNumberArray', (item, at) =>
        typeof item === 'boolean' || item === null ? ok(item) : wrong(`output "${at.path}" must be a boolean`),
      );
    case 'array[object]':
      return checkArray(value, place, 'codeMaxObjectArray', (item, at) => {
        if (item === null) return ok(null);
        if (!isObject(item)) return wrong(`output "${at.path}" must be an object`);
        return type.children === null ? ok(item) : checkObject(type.children, item, { ...at, depth: at.depth + 1 });
      });
    default:
      return wrong(`output "${place.path}" has the unknown type "${type.type}"`);
  }
}

function checkString(value: Value, place: Place): Checked {
  if (value === null) return ok(null);
  if (typeof value !== 'string') return wrong(`output "${place.path}" must be a string`);
  if (value.length > place.limits.codeMaxString)
    return wrong(`output "${place.path}" is longer than ${place.limits.codeMaxString} characters (setting limits.codeMaxString)`);
  return ok(value.replaceAll('\u0000', ''));
}

function checkNumber(value: Value, place: Place): Checked {
  if (value === null) return ok(null);
  if (typeof value === 'boolean') return ok(value ? 1 : 0);
  if (!isNumeric(value)) return wrong(`output "${place.path}" must be a number`);
  const magnitude = isFloatTag(value) ? value.float : value;
  if (magnitude > CODE_MAX_NUMBER || magnitude < -CODE_MAX_NUMBER) {
    return wrong(`output "${place.path}" is beyond ±${CODE_MAX_NUMBER}`);
  }
  return ok(typeof value === 'bigint' ? integer(value) : value);
}

type ArrayLimit = 'codeMaxStringArray' | 'codeMaxNumberArray' | 'codeMaxObjectArray';

function checkArray(value: Value, place: Place, name: ArrayLimit, check: (item: Value, place: Place) => Checked): Checked {
  const limit = place.limits[name];
  if (!isArray(value)) return wrong(`output "${place.path}" must be an array`);
  if (value.length > limit) return wrong(`output "${place.path}" has more than ${limit} items (setting limits.${name})`);
  const items: Value[] = [];
  for (const [i, item] of value.entries()) {
    const checked = check(item, { ...place, path: `${place.path}[${i}]` });
    if (!checked.ok) return checked;
    items.push(checked.value);
  }
  return ok(items);
}
