import { encodeValue } from '../../../schemas/core.ts';
import { ifElseDataSchema } from '../../../schemas/index.ts';
import { compileCondition, conditionProblem, type IfElseCase } from '../../conditions/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';

/** `cases`, or, only where that is absent, the legacy `conditions` as one case whose handle is "true". */
export function compileIfElse(data: YamlPlain): BehaviourResult {
  const parsed = ifElseDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { cases, conditions, logical_operator } = parsed.data;
  const raw = cases ?? (conditions == null ? [] : [{ case_id: 'true', id: null, logical_operator, conditions }]);
  const compiled = raw.map((item, i): IfElseCase => ({
    caseId: item.case_id ?? item.id ?? String(i),
    logicalOperator: item.logical_operator ?? 'and',
    conditions: item.conditions.map((condition) =>
      compileCondition({
        selector: condition.variable_selector,
        operator: condition.comparison_operator,
        value: encodeValue(valueOfPlain(condition.value ?? null)),
        varType: condition.varType ?? null,
        subConditions: encodeValue(valueOfPlain(condition.sub_variable_condition ?? null)),
      }),
    ),
  }));
  const warnings = compiled.flatMap((item) => item.conditions.flatMap((condition) => conditionProblem(condition) ?? []));
  return { ok: true, behaviour: { kind: 'if-else', config: { cases: compiled } }, warnings };
}
