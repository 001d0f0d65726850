import type { BinaryOperator } from '../syntax/ast.ts';
import { add, divide, floorDivide, isNumeric, multiply, power, remainder, subtract, type Numeric } from './numbers.ts';
import { escapeHtml } from './markup.ts';
import { percentFormat } from './percent-format.ts';
import {
  fail,
  isInteger,
  isList,
  isMarkup,
  isTuple,
  isUndefined,
  markup,
  textOf,
  tuple,
  typeName,
  type Budget,
  type Py,
  type PyList,
} from './values.ts';

const ARITHMETIC: Readonly<Record<BinaryOperator, (a: Numeric, b: Numeric) => Py>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '//': floorDivide,
  '%': remainder,
  '**': power,
};

/** An operator of Python on two values. @throws TemplateFailure */
export function applyBinary(operator: BinaryOperator, left: Py, right: Py, budget: Budget): Py {
  if (isNumeric(left) && isNumeric(right)) return ARITHMETIC[operator](left, right);
  const format = operator === '%' ? textOf(left) : undefined;
  if (format !== undefined) return formatted(left, percentFormat(format, right, isMarkup(left), budget));
  if (isUndefined(left)) return fail('UndefinedError', left.message);
  if (isUndefined(right)) return fail('UndefinedError', right.message);
  const result = operator === '+' ? concatenate(left, right, budget) : operator === '*' ? repeat(left, right, budget) : undefined;
  return result ?? fail('TypeError', `"${operator}" is not possible between ${typeName(left)} and ${typeName(right)}`);
}

const formatted = (format: Py, text: string): Py => (isMarkup(format) ? markup(text) : text);

function concatenate(left: Py, right: Py, budget: Budget): Py | undefined {
  if (isList(left) && isList(right)) return joined(left, right, budget);
  if (isTuple(left) && isTuple(right)) return tuple(joined(left.items, right.items, budget));
  const [a, b] = [textOf(left), textOf(right)];
  if (a === undefined || b === undefined) return undefined;
  budget.room(a.length + b.length);
  if (!isMarkup(left) && !isMarkup(right)) return a + b;
  return markup(budget.text((isMarkup(left) ? a : escapeHtml(a)) + (isMarkup(right) ? b : escapeHtml(b))));
}

function joined(a: PyList, b: PyList, budget: Budget): Py[] {
  budget.spend(a.length + b.length);
  return [...a, ...b];
}

function repeat(left: Py, right: Py, budget: Budget): Py | undefined {
  const [sequence, times] = isInteger(right) ? [left, right] : [right, left];
  if (!isInteger(times)) return undefined;
  if (typeof times === 'bigint') return fail('OverflowError', 'the number of repetitions is too large');
  const count = Math.max(0, Number(times));
  const text = textOf(sequence);
  if (text !== undefined) {
    budget.room(text.length * count);
    return formatted(sequence, text.repeat(text === '' ? 0 : count));
  }
  const items = isList(sequence) ? sequence : isTuple(sequence) ? sequence.items : undefined;
  if (items === undefined) return undefined;
  budget.spend(items.length * count);
  const result = Array.from({ length: items.length === 0 ? 0 : count }, () => items).flat();
  return isTuple(sequence) ? tuple(result) : result;
}
