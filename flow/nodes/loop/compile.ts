import { encodeValue, float, isArray, isObject, parseJson, type Value } from '../../../schemas/core.ts';
import { loopDataSchema } from '../../../schemas/index.ts';
import { conditionProblem } from '../../conditions/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { parsePythonFloat, parsePythonInteger } from '../../text/index.ts';
import { compileConditions } from '../compile-conditions.ts';
import type { LoopVariable } from './config.ts';

type Compiled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export function compileLoop(data: YamlPlain): BehaviourResult {
  const parsed = loopDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { loop_count, break_conditions, logical_operator, loop_variables } = parsed.data;
  if (loop_count < 1) return { ok: false, message: `loop_count is ${loop_count}: 1 or more was expected` };
  const conditions = compileConditions(break_conditions);
  const variables: LoopVariable[] = [];
  for (const variable of loop_variables) {
    const from = sourceOf(variable);
    if (!from.ok) return { ok: false, message: `loop variable "${variable.label}": ${from.message}` };
    variables.push({ name: variable.label, type: variable.var_type, from: from.value });
  }
  return {
    ok: true,
    warnings: conditions.flatMap((condition) => conditionProblem(condition) ?? []),
    behaviour: {
      kind: 'loop',
      config: {
        count: Math.floor(loop_count),
        until: conditions.length === 0 ? null : { caseId: 'break', logicalOperator: logical_operator ?? 'and', conditions },
        variables,
      },
    },
  };
}

type RawVariable = { readonly var_type: string; readonly value_type: string; readonly value?: unknown };

function sourceOf({ var_type, value_type, value }: RawVariable): Compiled<LoopVariable['from']> {
  const given = valueOfPlain(value ?? null);
  if (value_type === 'variable') {
    const selector = isArray(given) ? given.filter((part) => typeof part === 'string') : [];
    if (selector.length < 2) return { ok: false, message: 'its value names no variable' };
    return { ok: true, value: { selector } };
  }
  const constant = constantOf(var_type, given);
  return constant === undefined
    ? { ok: false, message: `its value is not of the type ${var_type}` }
    : { ok: true, value: { value: encodeValue(constant) } };
}

/** A constant as its type has it: files hold many of them as text. Undefined: it is of another type. */
function constantOf(type: string, given: Value): Value | undefined {
  if (type === 'string') return given === null ? '' : typeof given === 'string' ? given : undefined;
  if (given === null) return null;
  if (type === 'number') return typeof given === 'string' ? numberOf(given) : given;
  if (type === 'boolean') return typeof given === 'string' ? BOOLEANS.get(given.toLowerCase()) : given;
  const value = typeof given === 'string' ? jsonOf(given) : given;
  if (value === undefined) return undefined;
  if (type === 'object') return isObject(value) ? value : undefined;
  return type.startsWith('array') && isArray(value) ? value : undefined;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);
const numberOf = (text: string): Value | undefined => {
  const integer = parsePythonInteger(text);
  if (integer !== undefined) return integer;
  const number = parsePythonFloat(text);
  return number === undefined ? undefined : float(number);
};
const jsonOf = (text: string): Value | undefined => {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : undefined;
};
