import { equals, ordered, requireHashable, sortByKey } from '../python/compare.ts';
import { iterate, listOf } from '../python/iterate.ts';
import { toIndex } from '../python/numbers.ts';
import { applyBinary } from '../python/operators.ts';
import { truthy } from '../python/truth.ts';
import { fail, isDict, isUndefined, iterator, textOf, tuple, typeName, undefinedValue, type Py } from '../python/values.ts';
import { attributeGetter, attributesGetter, filter, type FilterCall, type Filters } from './filter.ts';

const isReversed = (value: Py | undefined): boolean => toIndex(value ?? false, 'reverse') !== 0;

function* unique({ value, args: [caseSensitive = false, attribute = null], budget }: FilterCall): Generator<Py> {
  const keyOf = attributeGetter(attribute, budget, { ignoreCase: !truthy(caseSensitive) });
  const texts = new Set<string>();
  const others: Py[] = [];
  for (const item of iterate(value)) {
    budget.spend(1);
    const key = keyOf(item);
    const text = textOf(key);
    if (text === undefined) {
      requireHashable(key);
      if (others.some((other) => (budget.spend(1), other === key || equals(other, key, budget)))) continue;
      others.push(key);
    } else {
      if (texts.has(text)) continue;
      texts.add(text);
    }
    yield item;
  }
}

function smallestOrLargest({ value, args: [caseSensitive = false, attribute = null], budget }: FilterCall, operator: '<' | '>'): Py {
  const keyOf = attributeGetter(attribute, budget, { ignoreCase: !truthy(caseSensitive) });
  let best: { readonly item: Py; readonly key: Py } | undefined;
  for (const item of iterate(value)) {
    budget.spend(1);
    const key = keyOf(item);
    if (best === undefined || ordered(key, operator, best.key, budget)) best = { item, key };
  }
  return best === undefined ? undefinedValue('there is no smallest or largest item, the list is empty') : best.item;
}

function groupBy({ value, args: [attribute = null, otherwise = null, caseSensitive = false], budget }: FilterCall): Py {
  const ignoreCase = !truthy(caseSensitive);
  const keyOf = attributeGetter(attribute, budget, { ignoreCase, otherwise });
  const shownKeyOf = attributeGetter(attribute, budget, { otherwise });
  const groups: { readonly key: Py; readonly items: Py[] }[] = [];
  for (const item of sortByKey(listOf(value, budget), keyOf, false, budget)) {
    const key = keyOf(item);
    const last = groups.at(-1);
    if (last !== undefined && (last.key === key || equals(last.key, key, budget))) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups.map(({ key, items }) => ({
    kind: 'tuple',
    items: [ignoreCase ? shownKeyOf(items[0] ?? null) : key, items],
    names: ['grouper', 'list'],
  }));
}

function dictSort({ value, args: [caseSensitive = false, by = 'key', reverse], budget }: FilterCall): Py {
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  if (!isDict(value)) return fail('TypeError', `dictsort needs a dict, not ${typeName(value)}`);
  const at = by === 'key' ? 0 : by === 'value' ? 1 : fail('FilterArgumentError', 'dictsort sorts by "key" or "value"');
  const keyOf = attributeGetter(null, budget, { ignoreCase: !truthy(caseSensitive) });
  return sortByKey([...value], (entry) => keyOf(entry[at]), isReversed(reverse), budget).map((entry) => tuple(entry));
}

function sum({ value, args: [attribute = null, start = 0], budget }: FilterCall): Py {
  if (textOf(start) !== undefined) return fail('TypeError', 'texts are joined with |join, not summed');
  const get = attributeGetter(attribute, budget);
  let total = start;
  for (const item of iterate(value)) {
    budget.spend(1);
    total = applyBinary('+', total, get(item), budget);
  }
  return total;
}

/** Filters that compare items or add them up. */
export const ORDER_FILTERS: Filters = [
  ['dictsort', filter([], ['case_sensitive', 'by', 'reverse'], dictSort)],
  ['groupby', filter(['attribute'], ['default', 'case_sensitive'], groupBy)],
  ['max', filter([], ['case_sensitive', 'attribute'], (call) => smallestOrLargest(call, '>'))],
  ['min', filter([], ['case_sensitive', 'attribute'], (call) => smallestOrLargest(call, '<'))],
  [
    'sort',
    filter([], ['reverse', 'case_sensitive', 'attribute'], ({ value, args: [reversed, caseSensitive = false, attribute = null], budget }) =>
      sortByKey(
        listOf(value, budget),
        attributesGetter(attribute, budget, { ignoreCase: !truthy(caseSensitive) }),
        isReversed(reversed),
        budget,
      ),
    ),
  ],
  ['sum', filter([], ['attribute', 'start'], sum)],
  ['unique', filter([], ['case_sensitive', 'attribute'], (call) => iterator('unique', unique(call)))],
];
