import { bindArguments, positionalOnly } from './arguments.ts';
import { dictGet, dictSet, findKey } from './compare.ts';
import { iterate, listOf } from './iterate.ts';
import { fail, isDict, tuple, type Arguments, type Budget, type Py, type PyDict } from './values.ts';

export type DictMethod = (dict: PyDict, args: Arguments, budget: Budget) => Py;

/** The dict as one that may be changed: `budget.change` makes sure that it belongs to this run. */
function own(dict: PyDict, budget: Budget): Map<Py, Py> {
  budget.change();
  return dict as Map<Py, Py>;
}

const NONE = positionalOnly([]);
const KEY = positionalOnly(['key'], ['default']);

const view =
  (of: 'keys' | 'values' | 'items'): DictMethod =>
  (dict, args) => {
    bindArguments(`${of}()`, NONE, args);
    return { kind: 'view', of, dict };
  };

export const DICT_METHODS: ReadonlyMap<string, DictMethod> = new Map<string, DictMethod>([
  ['keys', view('keys')],
  ['values', view('values')],
  ['items', view('items')],
  [
    'get',
    (dict, args, budget) => {
      const [key = null, otherwise = null] = bindArguments('get()', KEY, args);
      const found = dictGet(dict, key, budget);
      return found === undefined ? otherwise : found;
    },
  ],
  ['copy', (dict, args) => (bindArguments('copy()', NONE, args), new Map(dict))],
  ['clear', (dict, args, budget) => (bindArguments('clear()', NONE, args), own(dict, budget).clear(), null)],
  ['pop', pop],
  ['popitem', popItem],
  [
    'setdefault',
    (dict, args, budget) => {
      const [key = null, value = null] = bindArguments('setdefault()', KEY, args);
      const known = dictGet(dict, key, budget);
      if (known !== undefined) return known;
      budget.spend(1);
      dictSet(own(dict, budget), key, value, budget);
      return value;
    },
  ],
  [
    'update',
    (dict, args, budget) => {
      own(dict, budget);
      for (const [key, value] of pairsOf('update()', args, budget)) dictSet(own(dict, budget), key, value, budget);
      return null;
    },
  ],
]);

function pop(dict: PyDict, args: Arguments, budget: Budget): Py {
  const [key = null, otherwise] = bindArguments('pop()', KEY, args);
  const found = findKey(dict, key, budget);
  if (found === undefined) return otherwise ?? (args.positional.length > 1 ? null : fail('KeyError', 'the dict has no such key'));
  const value = dict.get(found.key) ?? null;
  own(dict, budget).delete(found.key);
  return value;
}

function popItem(dict: PyDict, args: Arguments, budget: Budget): Py {
  bindArguments('popitem()', NONE, args);
  const last = [...dict].at(-1);
  if (last === undefined) return fail('KeyError', 'the dict is empty');
  own(dict, budget).delete(last[0]);
  return tuple(last);
}

/** What `dict(…)` and `update(…)` take: a dict or pairs, and values by name. */
export function* pairsOf(name: string, args: Arguments, budget: Budget): Generator<readonly [Py, Py]> {
  if (args.positional.length > 1) fail('TypeError', `${name} takes one value without a name`);
  const [source] = args.positional;
  if (source !== undefined && isDict(source)) {
    for (const entry of source) yield budgeted(entry, budget);
  } else if (source !== undefined) {
    for (const pair of iterate(source)) {
      const [key, value, more] = listOf(pair, budget);
      if (key === undefined || value === undefined || more !== undefined) return fail('ValueError', `${name} needs pairs`);
      yield [key, value];
    }
  }
  for (const entry of args.named) yield budgeted(entry, budget);
}

function budgeted(entry: readonly [Py, Py], budget: Budget): readonly [Py, Py] {
  budget.spend(1);
  return entry;
}
