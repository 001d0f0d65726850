import type { Float, SecretRef } from '../../../schemas/core.ts';
import type { MacroDefinition } from '../syntax/ast.ts';

/**
 * The values of a running template: the pool's own (null, booleans, texts, numbers, arrays, Maps), and Python's further kinds as
 * tagged objects. A dict is a Map whose keys may also be numbers, booleans, null and tuples. Nothing here has a prototype that a
 * template could reach.
 */
export type Py = null | boolean | string | number | bigint | Float | SecretRef | PyList | PyDict | PyObject;
export type PyList = readonly Py[];
export type PyDict = ReadonlyMap<Py, Py>;

export type PyObject = Undefined | Tuple | Markup | Range | Iterator | DictView | Namespace | Macro | NativeFunction | Loop | Cycler;

/** A variable, attribute or item that does not exist; most uses of it fail with the message. */
export type Undefined = { readonly kind: 'undefined'; readonly message: string };
/** `names` are attributes of a named tuple. */
export type Tuple = { readonly kind: 'tuple'; readonly items: PyList; readonly names?: readonly string[] };
/** Text that is marked as safe HTML; joined with other text it escapes the other. */
export type Markup = { readonly kind: 'markup'; readonly text: string };
export type Range = { readonly kind: 'range'; readonly start: number; readonly stop: number; readonly step: number };
/** What can be walked through once; `label` says in errors where it came from. */
export type Iterator = { readonly kind: 'iterator'; readonly label: string; next(): Py | undefined };
export type DictView = { readonly kind: 'view'; readonly of: 'keys' | 'values' | 'items'; readonly dict: PyDict };
export type Namespace = { readonly kind: 'namespace'; readonly attributes: Map<Py, Py> };
export type Macro = { readonly kind: 'macro'; readonly definition: MacroDefinition; readonly scope: Scope };
export type NativeFunction = { readonly kind: 'function'; readonly name: string; call(args: Arguments, budget: Budget): Py };
export type Loop = { readonly kind: 'loop'; readonly state: LoopState };
export type Cycler = { readonly kind: 'cycler'; readonly items: PyList; position: number };

export type Arguments = { readonly positional: PyList; readonly named: ReadonlyMap<string, Py> };
export const NO_NAMED: ReadonlyMap<string, Py> = new Map();
export const NO_ARGUMENTS: Arguments = { positional: [], named: NO_NAMED };

/** The variables of a running function; an absent one is undefined. */
export type Scope = { readonly slots: (Py | undefined)[]; readonly parent: Scope | null };

/** What a loop knows about itself. */
export type LoopState = {
  readonly source: Py;
  readonly depth: number;
  /** Renders the body for other items; null when the loop is not recursive. */
  readonly recurse: ((items: Py, depth: number) => Py) | null;
  iterator: Iterator;
  index: number;
  length: number | undefined;
  /** Looked at in advance; undefined: not looked, null: the end. */
  ahead: { readonly item: Py } | null | undefined;
  current: Py | undefined;
  before: Py | undefined;
  changedWith: PyList | undefined;
};

/** Counts what a template costs and stops it. */
export type Budget = {
  /** Counts `steps` pieces of work. @throws TemplateFailure beyond the limit */
  spend(steps: number): void;
  /** The text, when it is not too long. @throws TemplateFailure */
  text(text: string): string;
  /** The same for a length known before the text is made. */
  room(length: number): void;
  /** Whether lists and objects belong to this run and may be changed. @throws to start again with copies */
  change(): void;
};

/** Characters of a text that are gone through in a step. */
const CHARACTERS_PER_STEP = 400;

/** Counts the work on a text: a short template could else go through a long one a hundred thousand times. */
export const spendOnText = (text: string, budget: Budget): void => budget.spend(Math.floor(text.length / CHARACTERS_PER_STEP));

/** Leaves a running template from any depth; `renderJinja` turns it into a value. `type` is the kind of error Jinja or Python raises. */
export class TemplateFailure extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.name = 'TemplateFailure';
    this.type = type;
  }
}
export const fail = (type: string, message: string): never => {
  throw new TemplateFailure(type, message);
};

export const undefinedValue = (message: string): Undefined => ({ kind: 'undefined', message });
export const tuple = (items: PyList): Tuple => ({ kind: 'tuple', items });
export const markup = (text: string): Markup => ({ kind: 'markup', text });
export const nativeFunction = (name: string, call: NativeFunction['call']): NativeFunction => ({ kind: 'function', name, call });

/** An iterator over what a generator gives. */
export function iterator(label: string, items: globalThis.Iterator<Py>): Iterator {
  return {
    kind: 'iterator',
    label,
    next() {
      const step = items.next();
      return step.done === true ? undefined : step.value;
    },
  };
}

export const isList = (value: Py): value is PyList => Array.isArray(value);
export const isDict = (value: Py): value is PyDict => value instanceof Map;
export const isFloatObject = (value: Py): value is Float =>
  typeof value === 'object' && value !== null && !isList(value) && !isDict(value) && 'float' in value;
export const isSecret = (value: Py): value is SecretRef =>
  typeof value === 'object' && value !== null && !isList(value) && !isDict(value) && 'secret' in value;
export const isPyObject = (value: Py): value is PyObject =>
  typeof value === 'object' && value !== null && 'kind' in value && !isList(value) && !isDict(value);
export const isUndefined = (value: Py): value is Undefined => isPyObject(value) && value.kind === 'undefined';
export const isTuple = (value: Py): value is Tuple => isPyObject(value) && value.kind === 'tuple';
export const isMarkup = (value: Py): value is Markup => isPyObject(value) && value.kind === 'markup';

/** The text of a string, marked as safe or not; undefined for what is no string. */
export const textOf = (value: Py): string | undefined => (typeof value === 'string' ? value : isMarkup(value) ? value.text : undefined);

/** Whether a value is an integer to Python; a boolean is one. */
export const isInteger = (value: Py): value is number | bigint | boolean =>
  typeof value === 'number' ? Number.isInteger(value) : typeof value === 'bigint' || typeof value === 'boolean';
export const isFloat = (value: Py): value is number | Float =>
  typeof value === 'number' ? !Number.isInteger(value) : isFloatObject(value);

/** The name of Python's type of a value, for errors. */
export function typeName(value: Py): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (isInteger(value)) return 'int';
  if (isFloat(value)) return 'float';
  if (isList(value)) return 'list';
  if (isDict(value)) return 'dict';
  if (isSecret(value)) return 'secret';
  return OBJECT_TYPE[value.kind];
}

const OBJECT_TYPE: Readonly<Record<PyObject['kind'], string>> = {
  undefined: 'Undefined',
  tuple: 'tuple',
  markup: 'Markup',
  range: 'range',
  iterator: 'generator',
  view: 'dict view',
  namespace: 'Namespace',
  macro: 'Macro',
  function: 'function',
  loop: 'LoopContext',
  cycler: 'Cycler',
};
