import { evaluateCondition, OPERATORS, parsePythonFloat, parsePythonInteger } from '../../flow/index.ts';
import { float, fromPlain, isArray, isNumeric, toDouble, toJsonText, type RecordSettings, type Value } from '../../schemas/index.ts';
import { compileField } from './expression.ts';
import type { CompiledExpression, ExpressionProblem, Read, RecordView } from './record-view.ts';
import { compileTemplate } from './template.ts';

type FilterSettings = NonNullable<RecordSettings['filter']>;
type ConditionSettings = FilterSettings['conditions'][number];

/** Whether a record passes, or why that cannot be told (a sentence about it). */
export type FilterResult = { readonly ok: true; readonly passes: boolean } | { readonly ok: false; readonly reason: string };
export type Filter = { readonly passes: (view: RecordView) => FilterResult; readonly readsMeta: boolean };
export type FilterProblem = ExpressionProblem & { readonly where: string };

const NUMBER_OPERATORS: ReadonlySet<string> = new Set(['=', '≠', '>', '<', '≥', '≤']);
const LIST_OPERATORS: ReadonlySet<string> = new Set(['in', 'not in', 'all of']);
const TEXT_OPERATORS: ReadonlySet<string> = new Set(['contains', 'not contains', 'start with', 'end with', 'is', 'is not']);
const EXACT_TEXT_OPERATORS: ReadonlySet<string> = new Set(['is', 'is not', 'in', 'not in']);
const EASIER_TO_TYPE: ReadonlyMap<string, string> = new Map([
  ['>=', '≥'],
  ['<=', '≤'],
  ['!=', '≠'],
  ['==', '='],
]);

type Compiled = { readonly operator: string; readonly field: CompiledExpression; readonly expected: Read; readonly readsMeta: boolean };

/**
 * Compiles a filter. Conditions compare as an if-else node does, but for this: a field that the record has not is null; text that is a
 * number is one for =, ≠, >, <, ≥, ≤ (CSV has only text), and a number is its text for `is`, `is not`, `in`, `not in`; and numbers are compared by
 * value, whether they are integers or not.
 */
export function compileFilter({
  logical,
  conditions,
}: FilterSettings): { readonly filter: Filter } | { readonly problems: readonly FilterProblem[] } {
  const problems: FilterProblem[] = [];
  const compiled: Compiled[] = [];
  for (const [i, condition] of conditions.entries()) {
    const result = compileCondition(condition);
    if ('problems' in result)
      problems.push(...result.problems.map((problem) => ({ ...problem, where: `conditions[${i}].${problem.where}` })));
    else compiled.push(result);
  }
  if (problems.length > 0) return { problems };
  const decisive = logical === 'or';
  return { filter: { passes: (view) => decide(compiled, decisive, view), readsMeta: compiled.some((one) => one.readsMeta) } };
}

function compileCondition(settings: ConditionSettings): Compiled | { readonly problems: readonly FilterProblem[] } {
  const operator = EASIER_TO_TYPE.get(settings.operator) ?? settings.operator;
  const field = compileField(settings.field);
  const expected = compileExpected(operator, fromPlain(settings.value));
  const problems: FilterProblem[] = [];
  if (!field.ok) problems.push({ where: 'field', ...field.problem });
  if (!OPERATORS.some((known) => known === operator))
    problems.push({ where: 'operator', message: `"${operator}" is not an operator`, hint: `there are: ${OPERATORS.join(', ')}` });
  else if ('message' in expected) problems.push({ where: 'value', ...expected });
  if (!field.ok || 'message' in expected || problems.length > 0) return { problems };
  return { operator, field: field.expression, expected: expected.read, readsMeta: field.expression.readsMeta || expected.readsMeta };
}

type Expected = { readonly read: Read; readonly readsMeta: boolean } | ExpressionProblem;

/** What is compared with, in the forms the engine takes: numbers as their text. */
function compileExpected(operator: string, value: Value): Expected {
  if (typeof value === 'string' && value.includes('{{')) {
    const template = compileTemplate(value);
    return template.ok ? template.expression : template.problem;
  }
  const fixed = isArray(value) ? value.map(numberAsText) : numberAsText(value);
  const problem = expectedProblem(operator, fixed);
  return problem ?? { read: () => fixed, readsMeta: false };
}

const numberAsText = (value: Value): Value => (isNumeric(value) ? toJsonText(value) : value);

function expectedProblem(operator: string, value: Value): ExpressionProblem | undefined {
  const wrong = (needs: string): ExpressionProblem => ({
    message: `the operator "${operator}" compares with ${needs}, not with ${toJsonText(value).slice(0, 60)}`,
    hint: `give ${needs} as the value`,
  });
  if (NUMBER_OPERATORS.has(operator)) {
    if (typeof value === 'boolean') return undefined;
    return typeof value === 'string' && numberOf(value) !== undefined ? undefined : wrong('a number');
  }
  if (LIST_OPERATORS.has(operator)) {
    const fits =
      isArray(value) &&
      (value.every((item) => typeof item === 'string') || (operator === 'all of' && value.every((item) => typeof item === 'boolean')));
    return fits ? undefined : wrong('a list of texts');
  }
  return TEXT_OPERATORS.has(operator) && typeof value !== 'string' && typeof value !== 'boolean' ? wrong('a text') : undefined;
}

function decide(conditions: readonly Compiled[], decisive: boolean, view: RecordView): FilterResult {
  for (const { operator, field, expected } of conditions) {
    const against = expected(view) ?? null;
    const actual = field.read(view) ?? null;
    const outcome = evaluateCondition({ operator, actual: inKind(operator, actual, against), expected: against });
    if (!outcome.ok)
      return { ok: false, reason: `the filter cannot look at its ${field.text} with "${operator}": ${outcome.error.message}` };
    if (outcome.result === decisive) return { ok: true, passes: decisive };
  }
  return { ok: true, passes: !decisive };
}

function inKind(operator: string, actual: Value, expected: Value): Value {
  if (NUMBER_OPERATORS.has(operator)) return asNumber(actual, expected);
  return EXACT_TEXT_OPERATORS.has(operator) ? numberAsText(actual) : actual;
}

// The engine compares an integer only with the text of an integer, as Dify does; as a float it compares with any number.
function asNumber(actual: Value, expected: Value): Value {
  const number = typeof actual === 'string' ? (numberOf(actual) ?? actual) : actual;
  if (!isNumeric(number) || typeof expected !== 'string' || parsePythonInteger(expected) !== undefined) return number;
  return float(toDouble(number));
}

function numberOf(text: string): Value | undefined {
  const integral = parsePythonInteger(text);
  if (integral !== undefined) return integral;
  const number = parsePythonFloat(text);
  return number === undefined ? undefined : float(number);
}
