import { decodeValue, isArray, isNumeric, isObject, toDouble, type Json, type ObjectValue, type Value } from '../../schemas/core.ts';
import { compileVariableTemplate, templateSelectors, type VariableTemplate } from '../text/index.ts';

export type LogicalOperator = 'and' | 'or';

/** Dify's comparison operators. */
export const OPERATORS = [
  'contains',
  'not contains',
  'start with',
  'end with',
  'is',
  'is not',
  'empty',
  'not empty',
  '=',
  '≠',
  '>',
  '<',
  '≥',
  '≤',
  'null',
  'not null',
  'in',
  'not in',
  'all of',
  'exists',
  'not exists',
] as const;
export type Operator = (typeof OPERATORS)[number];

/** What a condition compares with: a template (any text), a fixed value, or one that Dify refuses. */
export type Expected =
  | { readonly kind: 'template'; readonly template: VariableTemplate }
  | { readonly kind: 'constant'; readonly value: null | boolean | readonly string[] }
  | { readonly kind: 'invalid'; readonly message: string };

/** One comparison of an if-else case or a loop's break; plain data that can be stored as JSON. */
export type Condition = {
  readonly selector: readonly string[];
  readonly operator: string;
  readonly expected: Expected;
  /** The type the DSL declares for the variable. Dify does not look at it. */
  readonly varType?: string;
  /** Comparisons of the attributes of files, for a variable that is an array of files. */
  readonly files?: FileConditions;
};
export type FileConditions = { readonly logicalOperator: LogicalOperator; readonly conditions: readonly FileCondition[] };
export type FileCondition = { readonly key: string; readonly operator: string; readonly expected: null | string | readonly string[] };

/** A branch of an if-else node: its handle and what must hold. */
export type IfElseCase = {
  readonly caseId: string;
  readonly logicalOperator: LogicalOperator;
  readonly conditions: readonly Condition[];
};

/** A condition as it stands in the DSL. `value` and `subConditions` (`sub_variable_condition`) are encoded values (`encodeValue`). */
export type RawCondition = {
  readonly selector: readonly string[];
  readonly operator: string;
  readonly value: Json;
  readonly varType?: string | null;
  readonly subConditions?: Json;
};

/**
 * Reads a condition of the DSL. What Dify refuses (an unknown operator, a list of numbers to compare with) is kept and fails when
 * it is evaluated; `conditionProblem` tells it at import.
 */
export function compileCondition(raw: RawCondition): Condition {
  const files = decodeValue(raw.subConditions ?? null);
  return {
    selector: raw.selector,
    operator: raw.operator,
    expected: compileExpected(decodeValue(raw.value)),
    ...(typeof raw.varType === 'string' ? { varType: raw.varType } : {}),
    ...(isObject(files) ? { files: compileFileConditions(files) } : {}),
  };
}

/** What is wrong with a condition whatever the values are, or undefined. Evaluating such a condition fails. */
export function conditionProblem(condition: Condition): string | undefined {
  if (!isOperator(condition.operator)) return `unknown comparison operator "${condition.operator}"`;
  if (condition.selector.length < 2) return 'the condition names no variable (variable_selector)';
  return condition.expected.kind === 'invalid' ? condition.expected.message : undefined;
}

const OPERATOR_SET: ReadonlySet<string> = new Set(OPERATORS);
export const isOperator = (operator: string): operator is Operator => OPERATOR_SET.has(operator);

/** The selectors a condition reads: its variable's and those in the template it compares with. */
export const conditionSelectors = (condition: Condition): readonly (readonly string[])[] =>
  condition.expected.kind === 'template' ? [condition.selector, ...templateSelectors(condition.expected.template)] : [condition.selector];

// Dify's model of a condition takes a text, a list of texts, a boolean or null, and reads the numbers 0 and 1 as booleans.
function compileExpected(raw: Value): Expected {
  if (typeof raw === 'string') return { kind: 'template', template: compileVariableTemplate(raw) };
  if (raw === null || typeof raw === 'boolean') return { kind: 'constant', value: raw };
  if (isNumeric(raw)) {
    const number = toDouble(raw);
    if (number === 0 || number === 1) return { kind: 'constant', value: number === 1 };
  }
  const texts = textList(raw);
  if (texts !== undefined) return { kind: 'constant', value: texts };
  return { kind: 'invalid', message: 'the value to compare with must be a text, a list of texts, or a boolean' };
}

function compileFileConditions(raw: ObjectValue): FileConditions {
  const conditions = raw.get('conditions') ?? null;
  return {
    logicalOperator: raw.get('logical_operator') === 'or' ? 'or' : 'and',
    conditions: isArray(conditions) ? conditions.filter(isObject).map(compileFileCondition) : [],
  };
}

function compileFileCondition(raw: ObjectValue): FileCondition {
  const value = raw.get('value') ?? null;
  return {
    key: textOf(raw.get('key')),
    operator: textOf(raw.get('comparison_operator')),
    expected: typeof value === 'string' ? value : (textList(value) ?? null),
  };
}

const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

function textList(value: Value): readonly string[] | undefined {
  return isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
