import { isArray, isNumeric, toDouble } from '../../../schemas/core.ts';
import { listOperatorDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileVariableTemplate } from '../../text/index.ts';
import { LIST_OPERATORS, type ListFilter, type ListOperator, type ListOperatorConfig } from './config.ts';

export function compileListOperator(data: YamlPlain): BehaviourResult {
  const parsed = listOperatorDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { variable, filter_by, extract_by, order_by, limit } = parsed.data;
  const filters: ListFilter[] = [];
  // What is written in a step that is off has no meaning, and may be half filled in.
  const conditions = filter_by?.enabled === true ? filter_by.conditions : [];
  for (const [at, { key, comparison_operator, value }] of conditions.entries()) {
    const operator = comparison_operator ?? 'contains';
    if (!isListOperator(operator))
      return { ok: false, message: `filter_by.conditions[${at}].comparison_operator: "${operator}" is no operator for items of a list` };
    const compared = comparedValue(value);
    if (compared === undefined)
      return { ok: false, message: `filter_by.conditions[${at}].value: it must be a text, a list of texts, or a boolean` };
    filters.push({ key, operator, value: compared });
  }
  const config: ListOperatorConfig = {
    variable,
    filters: filter_by?.enabled === true ? filters : null,
    serial: extract_by?.enabled === true ? compileVariableTemplate(extract_by.serial ?? '1') : null,
    order: order_by?.enabled === true ? { key: order_by.key, descending: order_by.value === 'desc' } : null,
    limit: limit?.enabled === true ? (limit.size ?? -1) : null,
  };
  return { ok: true, warnings: [], behaviour: { kind: 'list-operator', config } };
}

const OPERATOR_NAMES: ReadonlySet<string> = new Set(LIST_OPERATORS);
const isListOperator = (name: string): name is ListOperator => OPERATOR_NAMES.has(name);

/** Dify's model takes a text, a list of texts or a boolean, and reads the numbers 0 and 1 as booleans. */
function comparedValue(plain: unknown): ListFilter['value'] | undefined {
  const value = valueOfPlain(plain ?? '');
  if (typeof value === 'string') return { template: compileVariableTemplate(value) };
  if (typeof value === 'boolean') return { constant: value };
  if (isNumeric(value)) {
    const number = toDouble(value);
    return number === 0 || number === 1 ? { constant: number === 1 } : undefined;
  }
  return isArray(value) && value.every((item) => typeof item === 'string') ? { constant: value } : undefined;
}
