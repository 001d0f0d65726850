import { ifElseDataSchema } from '../../../schemas/index.ts';
import { conditionProblem, type IfElseCase } from '../../conditions/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import { compileConditions } from '../compile-conditions.ts';
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
    conditions: compileConditions(item.conditions),
  }));
  const warnings = compiled.flatMap((item) => item.conditions.flatMap((condition) => conditionProblem(condition) ?? []));
  return { ok: true, behaviour: { kind: 'if-else', config: { cases: compiled } }, warnings };
}
