import { onlyAttributeOf } from '../python/attributes.ts';
import { equals, ordered } from '../python/compare.ts';
import { iterate, listOf, requireLength, sequenceItems } from '../python/iterate.ts';
import { toIndex } from '../python/numbers.ts';
import { toText } from '../python/printing.ts';
import { truthy } from '../python/truth.ts';
import {
  fail,
  isDict,
  isMarkup,
  isPyObject,
  isUndefined,
  iterator,
  markup,
  textOf,
  tuple,
  typeName,
  undefinedValue,
  type Budget,
  type Py,
} from '../python/values.ts';
import { attributeGetter, filter, plainFilter, type FilterCall, type Filters } from './filter.ts';

function* batches(value: Py, size: Py, fill: Py, budget: Budget): Generator<Py> {
  let batch: Py[] = [];
  for (const item of iterate(value)) {
    budget.spend(1);
    if (equals(batch.length, size, budget)) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill !== null && ordered(batch.length, '<', size, budget)) {
    const missing = toIndex(size, 'the size of a batch') - batch.length;
    budget.spend(missing);
    batch.push(...Array.from({ length: missing }, () => fill));
  }
  yield batch;
}

function* slices(value: Py, count: Py, fill: Py, budget: Budget): Generator<Py> {
  const items = listOf(value, budget);
  const number = toIndex(count, 'the number of slices');
  if (number === 0) return fail('ZeroDivisionError', 'there must be at least one slice');
  const size = Math.floor(items.length / number);
  const longer = items.length - size * number;
  let at = 0;
  for (let i = 0; i < number; i++) {
    budget.spend(1);
    const end = at + size + (i < longer ? 1 : 0);
    const slice = items.slice(at, end);
    if (fill !== null && i >= longer) slice.push(fill);
    yield slice;
    at = end;
  }
}

function join({ value, args: [separator = '', attribute = null], budget }: FilterCall): Py {
  const get = attributeGetter(attribute, budget);
  const between = toText(separator, budget);
  let text = '';
  let first = true;
  for (const item of iterate(value)) {
    budget.spend(1);
    const part = toText(get(item), budget);
    text = budget.text(first ? part : text + between + part);
    first = false;
  }
  return text;
}

function reverse({ value, budget }: FilterCall): Py {
  const text = textOf(value);
  if (text !== undefined) {
    const reversed = Array.from(text).reverse().join('');
    return isMarkup(value) ? markup(reversed) : reversed;
  }
  const items = listOf(value, budget).reverse();
  // Python gives an iterator, but for what it cannot walk backwards.
  return isPyObject(value) && value.kind === 'iterator' ? items : iterator('reverse', items.values());
}

function last({ value, budget }: FilterCall): Py {
  if (isPyObject(value) && value.kind === 'iterator') return fail('TypeError', 'an iterator has no last item: add |list before |last');
  const item = (sequenceItems(value) ?? listOf(value, budget)).at(-1);
  return item === undefined ? undefinedValue('there is no last item, the list is empty') : item;
}

function first({ value }: FilterCall): Py {
  for (const item of iterate(value)) return item;
  return undefinedValue('there is no first item, the list is empty');
}

function items({ value }: FilterCall): Py {
  const entries = function* (): Generator<Py> {
    if (isUndefined(value)) return;
    if (!isDict(value)) return fail('TypeError', `items needs a dict, not ${typeName(value)}`);
    for (const entry of value) yield tuple(entry);
  };
  return iterator('items', entries());
}

export const SEQUENCE_FILTERS: Filters = [
  [
    'attr',
    filter(['name'], [], ({ value, args: [name = null] }) =>
      onlyAttributeOf(value, textOf(name) ?? fail('TypeError', 'attr needs a name')),
    ),
  ],
  [
    'batch',
    filter(['linecount'], ['fill_with'], ({ value, args: [size = 0, fill = null], budget }) =>
      iterator('batch', batches(value, size, fill, budget)),
    ),
  ],
  ['count', plainFilter(({ value }) => requireLength(value))],
  ['length', plainFilter(({ value }) => requireLength(value))],
  ['d', filter([], ['default_value', 'boolean'], otherwise)],
  ['default', filter([], ['default_value', 'boolean'], otherwise)],
  ['first', plainFilter(first)],
  ['items', plainFilter(items)],
  ['join', filter([], ['d', 'attribute'], join)],
  ['last', plainFilter(last)],
  ['list', plainFilter(({ value, budget }) => listOf(value, budget))],
  ['reverse', plainFilter(reverse)],
  [
    'slice',
    filter(['slices'], ['fill_with'], ({ value, args: [count = 0, fill = null], budget }) =>
      iterator('slice', slices(value, count, fill, budget)),
    ),
  ],
];

function otherwise({ value, args: [substitute = '', boolean = false] }: FilterCall): Py {
  return isUndefined(value) || (truthy(boolean) && !truthy(value)) ? substitute : value;
}
