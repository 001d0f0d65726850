import { bindArguments, positionalOnly, signature } from './arguments.ts';
import { equals, sortByKey } from './compare.ts';
import { listOf } from './iterate.ts';
import { toIndex } from './numbers.ts';
import { clampRange } from './text-search.ts';
import { truthy } from './truth.ts';
import { fail, type Arguments, type Budget, type Py, type PyList } from './values.ts';

export type ListMethod = (list: PyList, args: Arguments, budget: Budget) => Py;

/** The list as one that may be changed: `budget.change` makes sure that it belongs to this run. */
function own(list: PyList, budget: Budget): Py[] {
  budget.change();
  return list as Py[];
}

const ONE = positionalOnly(['object']);
const SEARCH = positionalOnly(['value'], ['start', 'stop']);

function first(name: string, args: Arguments): Py {
  return bindArguments(name, ONE, args)[0] ?? null;
}

function positionOf(list: PyList, args: Arguments, budget: Budget): number {
  const [value = null, start, stop] = bindArguments('index()', SEARCH, args);
  const [from, to] = clampRange(start, stop, list.length);
  for (let at = from; at < to; at++) {
    if (isSame(list[at] ?? null, value, budget)) return at;
  }
  return fail('ValueError', 'the value is not in the list');
}

const isSame = (a: Py, b: Py, budget: Budget): boolean => a === b || equals(a, b, budget);

function countOf(list: PyList, args: Arguments, budget: Budget): number {
  const value = first('count()', args);
  return list.filter((item) => isSame(item, value, budget)).length;
}

export const TUPLE_METHODS: ReadonlyMap<string, ListMethod> = new Map<string, ListMethod>([
  ['count', countOf],
  ['index', positionOf],
]);

export const LIST_METHODS: ReadonlyMap<string, ListMethod> = new Map<string, ListMethod>([
  ['count', countOf],
  ['index', positionOf],
  ['copy', (list, args, budget) => (bindArguments('copy()', positionalOnly([]), args), listOf(list, budget))],
  [
    'append',
    (list, args, budget) => {
      budget.spend(1);
      own(list, budget).push(first('append()', args));
      return null;
    },
  ],
  [
    'extend',
    (list, args, budget) => {
      const items = listOf(first('extend()', args), budget);
      for (const item of items) own(list, budget).push(item);
      return null;
    },
  ],
  [
    'insert',
    (list, args, budget) => {
      const [index = 0, value = null] = bindArguments('insert()', positionalOnly(['index', 'object']), args);
      const [at] = clampRange(toIndex(index, 'the position'), undefined, list.length);
      budget.spend(1);
      own(list, budget).splice(at, 0, value);
      return null;
    },
  ],
  [
    'pop',
    (list, args, budget) => {
      const [index = -1] = bindArguments('pop()', positionalOnly([], ['index']), args);
      const at = toIndex(index, 'the position');
      const place = at < 0 ? at + list.length : at;
      if (place < 0 || place >= list.length)
        return fail('IndexError', list.length === 0 ? 'the list is empty' : 'the position is outside of the list');
      return own(list, budget).splice(place, 1)[0] ?? null;
    },
  ],
  [
    'remove',
    (list, args, budget) => {
      const value = first('remove()', args);
      const at = list.findIndex((item) => isSame(item, value, budget));
      if (at < 0) return fail('ValueError', 'the value is not in the list');
      own(list, budget).splice(at, 1);
      return null;
    },
  ],
  ['clear', (list, args, budget) => (bindArguments('clear()', positionalOnly([]), args), own(list, budget).splice(0), null)],
  ['reverse', (list, args, budget) => (bindArguments('reverse()', positionalOnly([]), args), own(list, budget).reverse(), null)],
  ['sort', sortInPlace],
]);

function sortInPlace(list: PyList, args: Arguments, budget: Budget): Py {
  if (args.positional.length > 0) return fail('TypeError', 'sort() takes no values without a name');
  const [key = null, reverse = false] = bindArguments('sort()', signature([], ['key', 'reverse']), args);
  if (key !== null) return fail('LimitError', 'sort(key=…) is not supported: use the filter |sort(attribute=…)');
  const sorted = sortByKey(list, (item) => item, truthy(reverse), budget);
  own(list, budget).splice(0, list.length, ...sorted);
  return null;
}
