import type { Float } from '../../../schemas/core.ts';
import { add, divide, isNumeric, multiply, subtract, type Numeric } from './numbers.ts';
import { TemplateFailure, type Py } from './values.ts';

const OPERATIONS: Readonly<Record<'+' | '-' | '*' | '/', (a: Numeric, b: Numeric) => Py>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
};

export type ArithmeticResult =
  { readonly ok: true; readonly value: number | bigint | boolean | Float } | { readonly ok: false; readonly message: string };

/** Python's arithmetic on numbers outside of templates: integers stay exact at any size, and `/` gives a float. */
export function arithmetic(left: Numeric, operator: keyof typeof OPERATIONS, right: Numeric): ArithmeticResult {
  try {
    const value = OPERATIONS[operator](left, right);
    return isNumeric(value) ? { ok: true, value } : { ok: false, message: 'the result is no number' };
  } catch (error) {
    if (error instanceof TemplateFailure) return { ok: false, message: error.message };
    throw error;
  }
}
