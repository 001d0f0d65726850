import { endDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';

export function compileEnd(data: YamlPlain): BehaviourResult {
  const parsed = endDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const outputs = parsed.data.outputs.map((output) => ({ name: output.variable, selector: output.value_selector }));
  return { ok: true, behaviour: { kind: 'end', config: { outputs } }, warnings: [] };
}
