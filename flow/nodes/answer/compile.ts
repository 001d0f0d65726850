import { answerDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileVariableTemplate } from '../../text/index.ts';

export function compileAnswer(data: YamlPlain): BehaviourResult {
  const parsed = answerDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  return { ok: true, behaviour: { kind: 'answer', config: { template: compileVariableTemplate(parsed.data.answer) } }, warnings: [] };
}
