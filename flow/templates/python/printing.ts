import { MAX_INTEGER_DIGITS, pythonFloat, pythonRepr } from '../../text/index.ts';
import {
  fail,
  isDict,
  isFloatObject,
  isList,
  isPyObject,
  type Budget,
  type Py,
  type PyDict,
  type PyList,
  type PyObject,
} from './values.ts';

/** `str(value)` of Python, which is also what a print shows. */
export function toText(value: Py, budget: Budget): string {
  if (typeof value === 'string') return value;
  if (isPyObject(value)) {
    if (value.kind === 'markup') return value.text;
    if (value.kind === 'undefined') return '';
  }
  return repr(value, budget);
}

/** `repr(value)` of Python. @throws TemplateFailure for what has no text that is the same each time, such as an iterator */
export function repr(value: Py, budget: Budget): string {
  return budget.text(print(value, budget, 0));
}

const MAX_DEPTH = 200;

function print(value: Py, budget: Budget, depth: number): string {
  if (depth > MAX_DEPTH) return fail('LimitError', `a value is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === 'string') return pythonRepr(value);
  if (typeof value === 'bigint') return printInteger(value);
  if (typeof value !== 'object' || value === null) return pythonRepr(value);
  if (isList(value)) return `[${printItems(value, budget, depth)}]`;
  if (isDict(value)) return printDict(value, budget, depth);
  if (isFloatObject(value)) return pythonFloat(value.float);
  return isPyObject(value) ? printObject(value, budget, depth) : fail('SecretError', 'a secret cannot be printed by a template');
}

function printInteger(value: bigint): string {
  const text = value.toString();
  return text.length > MAX_INTEGER_DIGITS ? fail('ValueError', `an integer has more than ${MAX_INTEGER_DIGITS} digits`) : text;
}

function printItems(items: PyList, budget: Budget, depth: number): string {
  budget.spend(1);
  let text = '';
  for (const item of items) {
    text += text === '' ? print(item, budget, depth + 1) : `, ${print(item, budget, depth + 1)}`;
    budget.room(text.length);
  }
  return text;
}

function printDict(dict: PyDict, budget: Budget, depth: number): string {
  budget.spend(1);
  let text = '';
  for (const [key, item] of dict) {
    text += `${text === '' ? '' : ', '}${print(key, budget, depth + 1)}: ${print(item, budget, depth + 1)}`;
    budget.room(text.length);
  }
  return `{${text}}`;
}

function printObject(value: PyObject, budget: Budget, depth: number): string {
  switch (value.kind) {
    case 'undefined':
      return 'Undefined';
    case 'markup':
      return `Markup(${pythonRepr(value.text)})`;
    case 'tuple':
      return value.items.length === 1 ? `(${printItems(value.items, budget, depth)},)` : `(${printItems(value.items, budget, depth)})`;
    case 'range':
      return value.step === 1 ? `range(${value.start}, ${value.stop})` : `range(${value.start}, ${value.stop}, ${value.step})`;
    case 'view':
      return `dict_${value.of}([${printItems([...viewItems(value.of, value.dict)], budget, depth)}])`;
    case 'namespace':
      return `<Namespace ${printDict(value.attributes, budget, depth)}>`;
    case 'macro':
      return value.definition.name === null ? '<Macro anonymous>' : `<Macro ${pythonRepr(value.definition.name)}>`;
    case 'iterator':
      return fail('LimitError', `the result of ${value.label} cannot be printed: add |list or |join`);
    default:
      return fail('LimitError', `${value.kind === 'function' ? `the function ${value.name}` : value.kind} cannot be printed`);
  }
}

/** What a view of a dict shows. */
export function* viewItems(of: 'keys' | 'values' | 'items', dict: PyDict): Generator<Py> {
  const { size } = dict;
  for (const [key, value] of dict) {
    yield of === 'keys' ? key : of === 'values' ? value : { kind: 'tuple', items: [key, value] };
    if (dict.size !== size) fail('RuntimeError', 'the dict is changed while a loop walks through it');
  }
}
