import { isArray, isSecretRef, type ObjectValue, type Value } from '../../schemas/core.ts';
import { fileAttribute, isFile, renderTemplate, type Lookup } from '../text/index.ts';
import {
  conditionProblem,
  isOperator,
  type Condition,
  type FileCondition,
  type FileConditions,
  type IfElseCase,
  type LogicalOperator,
} from './condition.ts';
import { applyOperator, convertExpected, failure, type ConditionError, type Outcome } from './operators.ts';

export type ConditionResult = { readonly ok: true; readonly result: boolean } | { readonly ok: false; readonly error: ConditionError };
export type CasesResult = { readonly ok: true; readonly selected: string | null } | { readonly ok: false; readonly error: ConditionError };

/** What is compared: the value of the variable (undefined: the pool has none) and, after its template was filled in, the other. */
export type Comparison = { readonly operator: string; readonly actual: Value | undefined; readonly expected: Value };

/**
 * Decides one comparison as Dify does. `expected` is a text, a list of texts, a boolean or null. It fails when the variable does
 * not exist, whatever the operator, and when the operator cannot be applied to the types.
 */
export const evaluateCondition = (comparison: Comparison): ConditionResult => asResult(compare(comparison));

/**
 * Finds the first case that holds. Cases after it, and conditions that cannot change their case's result, are not evaluated;
 * `selected` is null when none holds.
 */
export function evaluateCases(cases: readonly IfElseCase[], lookup: Lookup): CasesResult {
  for (const { caseId, conditions, logicalOperator } of cases) {
    const outcome = decideAll(conditions, logicalOperator, lookup);
    if (typeof outcome !== 'boolean') return { ok: false, error: outcome };
    if (outcome) return { ok: true, selected: caseId };
  }
  return { ok: true, selected: null };
}

/** Decides conditions joined by `and` or `or`, from left to right until the result is certain. No conditions: `and` holds, `or` not. */
export const evaluateConditions = (conditions: readonly Condition[], logicalOperator: LogicalOperator, lookup: Lookup): ConditionResult =>
  asResult(decideAll(conditions, logicalOperator, lookup));

const asResult = (outcome: Outcome): ConditionResult =>
  typeof outcome === 'boolean' ? { ok: true, result: outcome } : { ok: false, error: outcome };

function decideAll(conditions: readonly Condition[], logicalOperator: LogicalOperator, lookup: Lookup): Outcome {
  const decisive = logicalOperator === 'or';
  for (const condition of conditions) {
    const outcome = decide(condition, lookup);
    if (typeof outcome !== 'boolean' || outcome === decisive) return outcome;
  }
  return !decisive;
}

function decide(condition: Condition, lookup: Lookup): Outcome {
  const problem = conditionProblem(condition);
  if (problem !== undefined) return failure('ValueError', problem);
  const actual = lookup(condition.selector);
  if (actual === undefined) return notFound(condition.selector);
  if (isArray(actual) && COMPARES_FILES.has(condition.operator) && actual.every(isFile)) {
    if (condition.files !== undefined) return decideFiles(actual.filter(isFile), condition.files);
    if (actual.length > 0)
      return failure('ValueError', 'a list of files is compared by the attributes of its files (sub_variable_condition)');
  }
  return compare({ operator: condition.operator, actual, expected: expectedValue(condition, lookup) });
}

const COMPARES_FILES: ReadonlySet<string> = new Set(['contains', 'not contains', 'all of']);

const notFound = (selector: readonly string[]): ConditionError =>
  failure('ValueError', `the variable ${selector.join('.')} does not exist at this point of the flow`);

function expectedValue({ expected }: Condition, lookup: Lookup): Value {
  if (expected.kind === 'template') return renderTemplate(expected.template, lookup, 'text').text;
  return expected.kind === 'constant' ? expected.value : null;
}

function compare({ operator, actual, expected }: Comparison): Outcome {
  if (!isOperator(operator)) return failure('ValueError', `unknown comparison operator "${operator}"`);
  if (actual === undefined) return failure('ValueError', 'the variable does not exist at this point of the flow');
  if (typeof actual === 'object' && actual !== null && isSecretRef(actual)) return failure('TypeError', 'a secret was not filled in');
  if (operator === 'exists' || operator === 'not exists') return applyOperator(operator, actual, null);
  const converted = convertExpected(actual, expected);
  return 'value' in converted ? applyOperator(operator, actual, converted.value) : converted;
}

function decideFiles(files: readonly ObjectValue[], { conditions, logicalOperator }: FileConditions): Outcome {
  const results: boolean[] = [];
  for (const condition of conditions) {
    const outcome = decideFileCondition(files, condition);
    if (typeof outcome !== 'boolean') return outcome;
    results.push(outcome);
  }
  return logicalOperator === 'and' ? results.every(Boolean) : results.some(Boolean);
}

// Any file has to match, or all of them when the operator is a negation.
function decideFileCondition(files: readonly ObjectValue[], { key, operator, expected }: FileCondition): Outcome {
  if (!isOperator(operator)) return failure('ValueError', `unknown comparison operator "${operator}"`);
  if (key === 'extension' && typeof expected !== 'string') return failure('TypeError', 'a file extension is compared with a text');
  if (fileAttribute(NO_FILE, key) === undefined) return failure('ValueError', `a file has no attribute "${key}"`);
  const results: boolean[] = [];
  for (const file of files) {
    const attribute = fileAttribute(file, key) ?? null;
    const isExtension = key === 'extension';
    const outcome = applyOperator(operator, isExtension ? withDot(attribute) : attribute, isExtension ? withDot(expected) : expected);
    if (typeof outcome !== 'boolean') return outcome;
    results.push(outcome);
  }
  return operator.includes('not') ? results.every(Boolean) : results.some(Boolean);
}

const NO_FILE: ObjectValue = new Map();
const withDot = (value: Value): Value => (typeof value === 'string' && value !== '' && !value.startsWith('.') ? `.${value}` : value);
