import { iterate } from '../python/iterate.ts';
import { truthy } from '../python/truth.ts';
import { fail, iterator, textOf, type Py } from '../python/values.ts';
import { attributeGetter, openFilter, type FilterCall, type Filters, type Getter } from './filter.ts';

/** `map`: an attribute of each item, or a filter applied to each. */
function* map(call: FilterCall): Generator<Py> {
  if (!truthy(call.value)) return;
  const apply = mapping(call);
  for (const item of iterate(call.value)) {
    call.budget.spend(1);
    yield apply(item);
  }
}

function mapping({ given: { positional, named }, budget, engine }: FilterCall): Getter {
  const attribute = named.get('attribute');
  if (positional.length === 0 && attribute !== undefined) {
    for (const name of named.keys())
      if (name !== 'attribute' && name !== 'default') fail('FilterArgumentError', `map takes no argument named ${name}`);
    return attributeGetter(attribute, budget, { otherwise: named.get('default') ?? null });
  }
  const [name, ...rest] = positional;
  if (name === undefined) return fail('FilterArgumentError', 'map needs the name of a filter, or attribute=…');
  const filter = textOf(name) ?? fail('TemplateRuntimeError', 'map needs the name of a filter as text');
  return (item) => engine.filter(filter, item, { positional: rest, named });
}

type Selection = { readonly keep: boolean; readonly byAttribute: boolean };

/** `select` and its kin: the items, or those with an attribute, that pass a test, or do not; without a test those that are true. */
function* select(call: FilterCall, selection: Selection): Generator<Py> {
  if (!truthy(call.value)) return;
  const passes = selecting(call, selection);
  for (const item of iterate(call.value)) {
    call.budget.spend(1);
    if (passes(item) === selection.keep) yield item;
  }
}

function selecting({ given: { positional, named }, budget, engine }: FilterCall, { byAttribute }: Selection): (item: Py) => boolean {
  const [attribute, ...afterAttribute] = byAttribute ? positional : [null, ...positional];
  if (attribute === undefined) return fail('FilterArgumentError', 'the name of an attribute is missing');
  const get = attributeGetter(attribute, budget);
  const [name, ...rest] = afterAttribute;
  if (name === undefined) return (item) => truthy(get(item));
  const test = textOf(name) ?? fail('TemplateRuntimeError', 'the name of a test must be a text');
  return (item) => engine.test(test, get(item), { positional: rest, named });
}

const selector = (name: string, selection: Selection): Filters[number] => [
  name,
  openFilter((call) => iterator(name, select(call, selection))),
];

export const CALLING_FILTERS: Filters = [
  ['map', openFilter((call) => iterator('map', map(call)))],
  selector('select', { keep: true, byAttribute: false }),
  selector('reject', { keep: false, byAttribute: false }),
  selector('selectattr', { keep: true, byAttribute: true }),
  selector('rejectattr', { keep: false, byAttribute: true }),
];
