import { bindArguments } from './arguments.ts';
import { dictGet, rangeLength } from './compare.ts';
import { cyclerAttribute, CYCLER_METHODS } from './cycler.ts';
import { DICT_METHODS } from './dict-methods.ts';
import { codePoints, sequenceItems } from './iterate.ts';
import { LIST_METHODS, TUPLE_METHODS } from './list-methods.ts';
import { loopAttribute, LOOP_METHODS } from './loop.ts';
import { FLOAT_METHODS, INTEGER_METHODS } from './number-methods.ts';
import { HIDDEN_DICT_KEYS, refuseUnsupported, UNDEFINED_NAMES } from './private-names.ts';
import { formatText, formatTextWithMap } from './text-format.ts';
import { TEXT_METHODS } from './text-methods.ts';
import {
  fail,
  isDict,
  isFloat,
  isInteger,
  isList,
  isMarkup,
  isPyObject,
  isSecret,
  isUndefined,
  markup,
  nativeFunction,
  spendOnText,
  textOf,
  tuple,
  typeName,
  undefinedValue,
  type Arguments,
  type Budget,
  type Py,
  type PyObject,
} from './values.ts';

/** `value.name` of a template: the attribute, else the item; undefined when there is neither or it is private to Python. */
export function attributeOf(value: Py, name: string, budget: Budget): Py {
  const own = ownAttribute(value, name);
  if (own !== undefined) return own;
  const item = isDict(value) ? dictGet(value, name, budget) : undefined;
  if (item !== undefined) return item;
  refuseUnsupported(value, name);
  return undefinedValue(`a ${typeName(value)} has no attribute "${name}"`);
}

/** `value[key]` of a template: the item, else the attribute of that name. */
export function itemOf(value: Py, key: Py, budget: Budget): Py {
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  const item = isDict(value) ? dictItem(value, key, budget) : positionItem(value, key);
  if (item !== undefined) return item;
  const name = textOf(key);
  const own = name === undefined ? undefined : ownAttribute(value, name);
  if (own !== undefined) return own;
  if (name !== undefined) refuseUnsupported(value, name);
  return missingItem(value, key);
}

/** Only the attribute of Python's object, never an item. */
export function onlyAttributeOf(value: Py, name: string): Py {
  const own = ownAttribute(value, name);
  if (own !== undefined) return own;
  refuseUnsupported(value, name);
  return undefinedValue(`a ${typeName(value)} has no attribute "${name}"`);
}

function dictItem(value: Py, key: Py, budget: Budget): Py | undefined {
  if (!isDict(value)) return undefined;
  // Python's TypeError for a key that cannot be one is taken as "no such item".
  return isList(key) || isDict(key) ? undefined : dictGet(value, key, budget);
}

/** The item of a list, tuple, text or range at a position, which may count from the end. */
function positionItem(value: Py, key: Py): Py | undefined {
  if (!isInteger(key)) return undefined;
  const index = Number(key);
  const items = sequenceItems(value);
  if (items !== undefined) return items[index < 0 ? index + items.length : index];
  const text = textOf(value);
  if (text !== undefined) {
    const characters = codePoints(text);
    const character = characters[index < 0 ? index + characters.length : index];
    return character === undefined || !isMarkup(value) ? character : markup(character);
  }
  if (isPyObject(value) && value.kind === 'range') {
    const length = rangeLength(value);
    const at = index < 0 ? index + length : index;
    return at >= 0 && at < length ? value.start + at * value.step : undefined;
  }
  return undefined;
}

const missingItem = (value: Py, key: Py): Py =>
  undefinedValue(
    `a ${typeName(value)} has no item ${typeof key === 'string' ? `"${key}"` : typeof key === 'number' ? String(key) : 'of that key'}`,
  );

/** An attribute that Python's object itself has; undefined for none. */
function ownAttribute(value: Py, name: string): Py | undefined {
  if (isUndefined(value)) return UNDEFINED_NAMES.has(name) ? hidden(name) : fail('UndefinedError', value.message);
  if (isSecret(value)) return fail('SecretError', 'a secret cannot be used in a template');
  // A name that begins with "_" is private to Jinja's sandbox, unless it is the key of a dict.
  if (name.startsWith('_')) return isDict(value) && !HIDDEN_DICT_KEYS.has(name) ? undefined : hidden(name);
  const bound = findMethod(value, name);
  if (bound !== undefined) return nativeFunction(name, bound);
  return isPyObject(value) ? objectAttribute(value, name) : numberAttribute(value, name);
}

const hidden = (name: string): Py => undefinedValue(`the attribute "${name}" is private`);

const numberAttribute = (value: Py, name: string): Py | undefined => {
  if (isFloat(value)) return name === 'real' ? value : undefined;
  if (!isInteger(value)) return undefined;
  if (name === 'real' || name === 'numerator') return typeof value === 'boolean' ? Number(value) : value;
  return name === 'denominator' ? 1 : undefined;
};

function objectAttribute(value: PyObject, name: string): Py | undefined {
  switch (value.kind) {
    case 'namespace':
      return value.attributes.get(name);
    case 'tuple': {
      const at = value.names?.indexOf(name) ?? -1;
      return at < 0 ? undefined : value.items[at];
    }
    case 'range':
      return name === 'start' || name === 'stop' || name === 'step' ? value[name] : undefined;
    case 'loop':
      return loopAttribute(value.state, name);
    case 'cycler':
      return cyclerAttribute(value, name);
    case 'macro':
      if (name === 'name') return value.definition.name;
      if (name === 'catch_kwargs') return value.definition.namedSlot !== null;
      if (name === 'catch_varargs') return value.definition.positionalSlot !== null;
      return name === 'arguments' ? tuple(value.definition.parameters.map((parameter) => parameter.name)) : undefined;
    default:
      return undefined;
  }
}

export type BoundMethod = (args: Arguments, budget: Budget) => Py;

/** The method of a value, bound to it; undefined when its type has none of that name. */
export function findMethod(value: Py, name: string): BoundMethod | undefined {
  const text = textOf(value);
  if (text !== undefined) return textMethod(text, isMarkup(value), name);
  if (isDict(value)) return bind(DICT_METHODS.get(name), value);
  if (isList(value)) return bind(LIST_METHODS.get(name), value);
  if (isFloat(value)) return bind(FLOAT_METHODS.get(name), value);
  if (isInteger(value)) return bind(INTEGER_METHODS.get(name), value);
  if (!isPyObject(value)) return undefined;
  if (value.kind === 'tuple') return bind(TUPLE_METHODS.get(name), value.items);
  if (value.kind === 'loop') return bind(LOOP_METHODS.get(name), value.state);
  return value.kind === 'cycler' ? bind(CYCLER_METHODS.get(name), value) : undefined;
}

const bind = <Self>(method: ((self: Self, args: Arguments, budget: Budget) => Py) | undefined, self: Self): BoundMethod | undefined =>
  method === undefined ? undefined : (args, budget) => method(self, args, budget);

function textMethod(text: string, safe: boolean, name: string): BoundMethod | undefined {
  if (name === 'format' || name === 'format_map') {
    const source = { format: text, safe, reach: { attribute: attributeOf, item: itemOf } };
    const render = name === 'format' ? formatText : formatTextWithMap;
    return (args, budget) => (safe ? markup(render(source, args, budget)) : render(source, args, budget));
  }
  const method = TEXT_METHODS.get(name);
  if (method === undefined) return undefined;
  return (args, budget) => {
    spendOnText(text, budget);
    const result = method.run({ text, safe, args: bindArguments(`${name}()`, method.signature, args), budget });
    return safe && method.keepsSafe ? markSafe(result) : result;
  };
}

function markSafe(result: Py): Py {
  if (typeof result === 'string') return markup(result);
  if (isList(result)) return result.map(markSafe);
  return isPyObject(result) && result.kind === 'tuple' ? tuple(result.items.map(markSafe)) : result;
}
