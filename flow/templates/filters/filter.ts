import { positionalOnly, signature, type Signature } from '../python/arguments.ts';
import { itemOf } from '../python/attributes.ts';
import { isUndefined, textOf, type Arguments, type Budget, type Py } from '../python/values.ts';

/** What a filter gets: the value, its further arguments in the order of its signature, and all of them as they were given. */
export type FilterCall = {
  readonly value: Py;
  readonly args: readonly (Py | undefined)[];
  readonly given: Arguments;
  readonly budget: Budget;
  readonly engine: FilterEngine;
};

/** Filters and tests that filters call by name (`map`, `select` …). */
export type FilterEngine = {
  filter(name: string, value: Py, args: Arguments): Py;
  test(name: string, value: Py, args: Arguments): boolean;
};

/** `signature` is null for a filter that reads its arguments itself. */
export type Filter = { readonly signature: Signature | null; run(call: FilterCall): Py };
export type Filters = readonly (readonly [name: string, filter: Filter])[];

export const filter = (required: readonly string[], optional: readonly string[], run: Filter['run']): Filter => ({
  signature: signature(required, optional),
  run,
});
/** A filter without further arguments. */
export const plainFilter = (run: Filter['run']): Filter => ({ signature: positionalOnly([]), run });
export const openFilter = (run: Filter['run']): Filter => ({ signature: null, run });

export type Getter = (item: Py) => Py;

export type GetterOptions = {
  /** Texts are compared without regard to case. */
  readonly ignoreCase?: boolean;
  /** Stands for what an item does not have; null: nothing does. */
  readonly otherwise?: Py;
};

/** Reads an attribute of items, "a.b.0" from outside in; null is the item itself. */
export function attributeGetter(attribute: Py, budget: Budget, { ignoreCase = false, otherwise = null }: GetterOptions = {}): Getter {
  const parts = attributeParts(attribute);
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = itemOf(value, part, budget);
      if (otherwise !== null && isUndefined(value)) value = otherwise;
    }
    return ignoreCase ? withoutCase(value) : value;
  };
}

/** Reads several attributes, "a,b.c", as a list. */
export function attributesGetter(attribute: Py, budget: Budget, options: GetterOptions = {}): (item: Py) => Py[] {
  const names = textOf(attribute)?.split(',') ?? [attribute];
  const getters = names.map((name) => attributeGetter(name, budget, options));
  return (item) => getters.map((get) => get(item));
}

const DIGITS = /^\p{Nd}+$/u;

function attributeParts(attribute: Py): readonly Py[] {
  if (attribute === null) return [];
  const text = textOf(attribute);
  return text === undefined ? [attribute] : text.split('.').map((part) => (DIGITS.test(part) ? Number(part) : part));
}

function withoutCase(value: Py): Py {
  return textOf(value)?.toLowerCase() ?? value;
}
