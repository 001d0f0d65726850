import type { Float, ObjectValue } from '../../../schemas/core.ts';
import { comparable, numbersEqual, parsePythonFloat } from '../../text/index.ts';
import type { ListOperator } from './config.ts';
import { fileSize, fileTextOf, type ItemList } from './items.ts';

/** Why a step cannot be done, in one sentence. */
export type Problem = { readonly problem: string };
export const problem = (sentence: string): Problem => ({ problem: sentence });

/** A filter whose template was filled in. */
export type Filter = { readonly key: string; readonly operator: ListOperator; readonly value: string | boolean | readonly string[] };

type Test<T> = (item: T) => boolean;

/** The items for which a condition holds, or why it cannot be decided. */
export function filterItems(list: ItemList, filter: Filter): ItemList | Problem {
  switch (list.kind) {
    case 'string': {
      const test = typeof filter.value === 'string' ? textTest(filter.operator, filter.value) : wantsText(filter);
      return 'problem' in test ? test : { ...list, items: list.items.filter(test) };
    }
    case 'number': {
      const test = typeof filter.value === 'string' ? numberTest(filter.operator, filter.value) : wantsText(filter);
      return 'problem' in test ? test : { ...list, items: list.items.filter(test) };
    }
    case 'boolean': {
      const test = booleanTest(filter);
      return 'problem' in test ? test : { ...list, items: list.items.filter(test) };
    }
    case 'file': {
      if (typeof filter.value === 'boolean') return problem('attributes of files are compared with texts, not with a boolean');
      const test = fileTest({ ...filter, value: filter.value }, list.items.length);
      return 'problem' in test ? test : { ...list, items: list.items.filter(test) };
    }
  }
}

const wantsText = (filter: Filter): Problem =>
  problem(`items that are texts or numbers are compared with a text, not with ${JSON.stringify(filter.value)}`);

const isNone = (operator: string, of: string): Problem => problem(`"${operator}" is no operator for ${of}`);

function textTest(operator: ListOperator, value: string): Test<string> | Problem {
  switch (operator) {
    case 'empty':
      return (item) => item === '';
    case 'not empty':
      return (item) => item !== '';
    case 'contains':
      return (item) => item.includes(value);
    case 'not contains':
      return (item) => !item.includes(value);
    case 'start with':
      return (item) => item.startsWith(value);
    case 'end with':
      return (item) => item.endsWith(value);
    case 'is':
      return (item) => item === value;
    case 'is not':
      return (item) => item !== value;
    // Python's `in` between texts: the item is a part of the value.
    case 'in':
      return (item) => value.includes(item);
    case 'not in':
      return (item) => !value.includes(item);
    default:
      return isNone(operator, 'texts');
  }
}

function numberTest(operator: ListOperator, text: string): Test<number | bigint | Float> | Problem {
  const value = parsePythonFloat(text);
  if (value === undefined) return problem(`"${text}" is not a number to compare with`);
  switch (operator) {
    case '=':
      return (item) => numbersEqual(comparable(item), value);
    case '≠':
      return (item) => !numbersEqual(comparable(item), value);
    case '<':
      return (item) => comparable(item) < value;
    case '≤':
      return (item) => comparable(item) <= value;
    case '>':
      return (item) => comparable(item) > value;
    case '≥':
      return (item) => comparable(item) >= value;
    default:
      return isNone(operator, 'numbers');
  }
}

function booleanTest({ operator, value }: Filter): Test<boolean> | Problem {
  if (typeof value !== 'boolean') return problem('booleans are compared with true or false, not with a text');
  if (operator === 'is') return (item) => item === value;
  return operator === 'is not' ? (item) => item !== value : isNone(operator, 'booleans');
}

type FileFilter = Filter & { readonly value: string | readonly string[] };

/** Dify looks at the operator only when there is a file to compare. */
function fileTest({ key, operator, value }: FileFilter, files: number): Test<ObjectValue> | Problem {
  if (key === 'size' && typeof value === 'string') return mapped(numberTest(operator, value), fileSize, files);
  const read = fileTextOf(key);
  if (read === undefined) return problem(`"${key}" is no attribute of files`);
  if (key === 'type' || key === 'transfer_method') return mapped(oneOf(operator, value), read, files);
  if (typeof value !== 'string') return problem(`the attribute "${key}" of files is compared with a text, not with a list`);
  return mapped(textTest(operator, value), read, files);
}

function mapped<T>(test: Test<T> | Problem, read: (file: ObjectValue) => T, files: number): Test<ObjectValue> | Problem {
  if (!('problem' in test)) return (file) => test(read(file));
  return files === 0 ? () => false : test;
}

function oneOf(operator: ListOperator, value: string | readonly string[]): Test<string> | Problem {
  if (operator === 'in') return (item) => value.includes(item);
  return operator === 'not in' ? (item) => !value.includes(item) : isNone(operator, 'the type of a file');
}
