import { isArray, parseJson, type Value } from '../../schemas/core.ts';
import {
  comparable,
  isPythonNumber,
  isTruthy,
  numbersEqual,
  parsePythonFloat,
  parsePythonInteger,
  pythonEquals,
  pythonStr,
  type PythonNumber,
} from '../text/index.ts';
import type { Operator } from './condition.ts';

/** Why a condition cannot be decided; the node fails with it. `type` is the kind of Python error Dify raises. */
export type ConditionError = { readonly message: string; readonly type: 'ValueError' | 'TypeError' | 'JSONDecodeError' | 'OverflowError' };

/** The result of an operator, or why there is none. */
export type Outcome = boolean | ConditionError;

export const failure = (type: ConditionError['type'], message: string): ConditionError => ({ type, message });

/** Applies an operator to a value of the pool and the value to compare with, which is already converted (`convertExpected`). */
export function applyOperator(operator: Operator, actual: Value, expected: Value): Outcome {
  switch (operator) {
    case 'contains':
      return isTruthy(actual) ? contains(actual, expected) : false;
    case 'not contains':
      return isTruthy(actual) ? negate(contains(actual, expected)) : true;
    case 'start with':
      return isTruthy(actual) ? affix(actual, expected, (text, part) => text.startsWith(part)) : false;
    case 'end with':
      return isTruthy(actual) ? affix(actual, expected, (text, part) => text.endsWith(part)) : false;
    case 'is':
      return same(actual, expected);
    case 'is not':
      return actual === null ? false : negate(same(actual, expected));
    case 'empty':
      return !isTruthy(actual);
    case 'not empty':
      return isTruthy(actual);
    case '=':
      return equal(actual, expected);
    case '≠':
      return actual === null ? false : negate(equal(actual, expected));
    case '>':
      return ordered(actual, expected, (a, b) => a > b);
    case '<':
      return ordered(actual, expected, (a, b) => a < b);
    case '≥':
      return ordered(actual, expected, (a, b) => a >= b);
    case '≤':
      return ordered(actual, expected, (a, b) => a <= b);
    case 'null':
    case 'not exists':
      return actual === null;
    case 'not null':
    case 'exists':
      return actual !== null;
    case 'in':
      return isTruthy(actual) ? within(actual, expected) : false;
    case 'not in':
      return isTruthy(actual) ? negate(within(actual, expected)) : true;
    case 'all of':
      return allOf(actual, expected);
  }
}

const negate = (outcome: Outcome): Outcome => (typeof outcome === 'boolean' ? !outcome : outcome);

function contains(actual: Value, expected: Value): Outcome {
  if (typeof actual === 'string') return actual.includes(pythonStr(expected));
  if (isArray(actual)) return includes(actual, expected);
  return failure('ValueError', 'contains needs a text or a list');
}

function affix(actual: Value, expected: Value, test: (text: string, part: string) => boolean): Outcome {
  if (typeof actual !== 'string') return failure('TypeError', 'start with and end with need a text');
  if (typeof expected !== 'string') return failure('TypeError', 'start with and end with need a text to compare with');
  return test(actual, expected);
}

function same(actual: Value, expected: Value): Outcome {
  if (actual === null) return false;
  if (typeof actual !== 'string' && typeof actual !== 'boolean') return failure('ValueError', 'is and is not need a text or a boolean');
  return pythonEquals(actual, expected);
}

function equal(actual: Value, expected: Value): Outcome {
  if (actual === null) return false;
  if (!isPythonNumber(actual)) return failure('ValueError', '= and ≠ need a number or a boolean');
  const other = equalityNumber(actual, expected);
  return typeof other === 'object' ? other : numbersEqual(comparable(actual), other);
}

// Dify converts the value to compare with to the type of the variable: a text must be an integer when the variable is one.
function equalityNumber(actual: PythonNumber, expected: Value): number | bigint | ConditionError {
  if (typeof actual === 'boolean') {
    return typeof expected === 'boolean' ? Number(expected) : failure('ValueError', 'a boolean can only equal a boolean');
  }
  if (typeof expected === 'boolean') return Number(expected);
  if (typeof expected !== 'string') return failure('ValueError', 'a number can only equal a number');
  const isFloat = typeof comparable(actual) === 'number' && (typeof actual === 'object' || !Number.isInteger(actual));
  const number = isFloat ? parsePythonFloat(expected) : parsePythonInteger(expected);
  if (number === undefined) return failure('ValueError', `"${expected}" is not ${isFloat ? 'a number' : 'an integer'}`);
  return number;
}

function ordered(actual: Value, expected: Value, test: (a: number | bigint, b: number | bigint) => boolean): Outcome {
  if (actual === null) return false;
  if (!isPythonNumber(actual)) return failure('ValueError', 'the comparison needs a number');
  const left = comparable(actual);
  if (typeof expected === 'boolean') return test(left, Number(expected));
  if (typeof expected !== 'string') return failure('ValueError', 'the comparison needs a number to compare with');
  const right = parsePythonFloat(expected);
  if (right === undefined) return failure('ValueError', `"${expected}" is not a number`);
  if (typeof left === 'number' || Number.isInteger(right)) return test(left, right);
  // A large integer against a fraction is compared as doubles in Dify.
  const double = Number(left);
  return Number.isFinite(double) ? test(double, right) : failure('OverflowError', 'the integer is too large to compare with a fraction');
}

function within(actual: Value, expected: Value): Outcome {
  return isArray(expected) ? includes(expected, actual) : failure('ValueError', 'in and not in need a list to compare with');
}

function allOf(actual: Value, expected: Value): Outcome {
  if (!isArray(expected)) return failure('ValueError', 'all of needs a list of texts or of booleans');
  const texts = expected.every((item) => typeof item === 'string');
  if (!texts && !expected.every((item) => typeof item === 'boolean')) {
    return failure('ValueError', 'all of needs a list of texts or of booleans');
  }
  if (!isTruthy(actual)) return false;
  if (isArray(actual)) return expected.every((item) => includes(actual, item));
  return typeof actual === 'string' && texts && expected.every((item) => actual.includes(item));
}

const includes = (list: readonly Value[], wanted: Value): boolean => list.some((item) => pythonEquals(item, wanted));

/**
 * The value to compare with as Dify converts it before it looks at the operator: for a boolean or a list of booleans, texts are
 * read as JSON ("true", "0") and must give a boolean or an integer.
 */
export function convertExpected(actual: Value, expected: Value): { readonly value: Value } | ConditionError {
  if (expected === null || !(typeof actual === 'boolean' || isBooleanList(actual))) return { value: expected };
  if (!isArray(expected)) {
    const converted = toBoolean(expected);
    return typeof converted === 'boolean' ? { value: converted } : converted;
  }
  const items: boolean[] = [];
  for (const item of expected) {
    const converted = toBoolean(item);
    if (typeof converted !== 'boolean') return converted;
    items.push(converted);
  }
  return { value: items };
}

const isBooleanList = (value: Value): boolean =>
  typeof value === 'object' && value !== null && isArray(value) && value.length > 0 && value.every((item) => typeof item === 'boolean');

function toBoolean(expected: Value): Outcome {
  if (typeof expected === 'boolean') return expected;
  if (typeof expected !== 'string') return failure('TypeError', 'a boolean can only be compared with a boolean');
  const json = parseJson(expected);
  if (!json.ok) return failure('JSONDecodeError', `"${expected}" is not a boolean: write true or false`);
  if (typeof json.value === 'boolean') return json.value;
  const isInteger = typeof json.value === 'bigint' || (typeof json.value === 'number' && Number.isInteger(json.value));
  return isInteger ? isTruthy(json.value) : failure('TypeError', `"${expected}" is not a boolean: write true or false`);
}
