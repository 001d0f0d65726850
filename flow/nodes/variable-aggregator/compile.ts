import { aggregatorDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';

export function compileAggregator(data: YamlPlain): BehaviourResult {
  const parsed = aggregatorDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const settings = parsed.data.advanced_settings;
  const groups =
    settings?.group_enabled === true ? settings.groups.map((group) => ({ name: group.group_name, variables: group.variables })) : null;
  return { ok: true, behaviour: { kind: 'variable-aggregator', config: { variables: parsed.data.variables, groups } }, warnings: [] };
}
