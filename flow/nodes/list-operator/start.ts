import { isArray, type Value, type Values } from '../../../schemas/core.ts';
import { EMPTY, failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { comparable, compareCodePoints, isTruthy, parsePythonInteger, renderTemplate, type Lookup } from '../../text/index.ts';
import type { ListOperatorConfig } from './config.ts';
import { filterItems, problem, type Problem } from './filters.ts';
import { fileSize, fileTextOf, itemList, type ItemList } from './items.ts';

/** Filters, picks, orders and cuts a list, in this order. What is empty or null gives an empty result, whatever its type. */
export function startListOperator(config: ListOperatorConfig, { lookup }: NodeContext): NodeOutcome {
  const value = lookup(config.variable);
  const name = config.variable.join('.');
  if (value === undefined) return refused(EMPTY, `the variable ${name} does not exist at this point of the flow`);
  if (!isTruthy(value)) return finished(inputsOf([]), outputsOf([]));
  const list = isArray(value) ? itemList(value) : undefined;
  if (list === undefined) return refused(EMPTY, `the variable ${name} is not a list of texts, of numbers, of booleans or of files`);
  const inputs = inputsOf(list.items);
  const result = applySteps(config, list, lookup);
  return 'problem' in result ? refused(inputs, result.problem) : finished(inputs, outputsOf(result.items));
}

const refused = (inputs: Values, message: string): NodeOutcome => failed(inputs, 'ListOperatorError', message);
const inputsOf = (list: readonly Value[]): Values => new Map([['variable', list]]);
const outputsOf = (list: readonly Value[]): Values =>
  new Map<string, Value>([
    ['result', list],
    ['first_record', list[0] ?? null],
    ['last_record', list.at(-1) ?? null],
  ]);

function applySteps({ filters, serial, order, limit }: ListOperatorConfig, given: ItemList, lookup: Lookup): ItemList | Problem {
  let list = given;
  for (const { value, ...filter } of filters ?? []) {
    const compared = 'template' in value ? renderTemplate(value.template, lookup, 'text').text : value.constant;
    const kept = filterItems(list, { ...filter, value: compared });
    if ('problem' in kept) return kept;
    list = kept;
  }
  if (serial !== null) {
    const picked = pick(list, renderTemplate(serial, lookup, 'text').text);
    if ('problem' in picked) return picked;
    list = picked;
  }
  if (order !== null) {
    const ordered = sortItems(list, order);
    if ('problem' in ordered) return ordered;
    list = ordered;
  }
  return limit === null ? list : withItems(list, (items) => items.slice(0, limit));
}

function pick(list: ItemList, serial: string): ItemList | Problem {
  const position = parsePythonInteger(serial);
  if (position === undefined) return problem(`the position of the item must be an integer, not "${serial}" (extract_by.serial)`);
  if (position < 1 || position > list.items.length)
    return problem(`there is no item number ${position} in a list of ${list.items.length} (extract_by.serial)`);
  return withItems(list, (items) => items.slice(Number(position) - 1, Number(position)));
}

type Order = NonNullable<ListOperatorConfig['order']>;

/** Equal items keep their order, upwards and downwards, as Python's `sorted` does. */
function sortItems(list: ItemList, { key, descending }: Order): ItemList | Problem {
  const sign = descending ? -1 : 1;
  switch (list.kind) {
    case 'string':
      return { ...list, items: list.items.toSorted((a, b) => sign * compareCodePoints(a, b)) };
    case 'number':
      return { ...list, items: list.items.toSorted((a, b) => sign * compareNumbers(comparable(a), comparable(b))) };
    case 'boolean':
      return { ...list, items: list.items.toSorted((a, b) => sign * (Number(a) - Number(b))) };
    case 'file': {
      if (key === 'size') {
        const size = (file: (typeof list.items)[number]): number | bigint => comparable(fileSize(file));
        return { ...list, items: list.items.toSorted((a, b) => sign * compareNumbers(size(a), size(b))) };
      }
      const read = fileTextOf(key);
      if (read === undefined) return problem(`files cannot be ordered by "${key}" (order_by.key)`);
      return { ...list, items: list.items.toSorted((a, b) => sign * compareCodePoints(read(a), read(b))) };
    }
  }
}

const compareNumbers = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** The same kind of list with some of its items. */
function withItems(list: ItemList, choose: <T>(items: readonly T[]) => readonly T[]): ItemList {
  switch (list.kind) {
    case 'string':
      return { ...list, items: choose(list.items) };
    case 'number':
      return { ...list, items: choose(list.items) };
    case 'boolean':
      return { ...list, items: choose(list.items) };
    case 'file':
      return { ...list, items: choose(list.items) };
  }
}
