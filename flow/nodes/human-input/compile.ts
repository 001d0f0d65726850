import { encodeValue } from '../../../schemas/core.ts';
import { humanInputDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileVariableTemplate } from '../../text/index.ts';
import type { FormField } from './config.ts';

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export function compileHumanInput(data: YamlPlain): BehaviourResult {
  const parsed = humanInputDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { form_content, inputs, user_actions, timeout, timeout_unit, delivery_methods } = parsed.data;
  const unit = UNIT_MS[timeout_unit ?? 'hour'];
  if (unit === undefined) return { ok: false, message: `timeout_unit is "${timeout_unit ?? ''}": minute, hour or day was expected` };
  const fields = inputs.map((input): FormField => {
    const given = input.default;
    if (given?.type === 'variable') return { name: input.output_variable_name, type: input.type, from: { selector: given.selector ?? [] } };
    return { name: input.output_variable_name, type: input.type, from: { value: encodeValue(valueOfPlain(given?.value ?? null)) } };
  });
  const twice = user_actions.find((action, i) => user_actions.findIndex((other) => other.id === action.id) !== i);
  if (twice !== undefined) return { ok: false, message: `two actions have the id "${twice.id}"` };
  const warnings = user_actions.length === 0 ? ['it offers no action: only its timeout can end the wait'] : [];
  if (delivery_methods.some(({ enabled, type }) => enabled !== false && type === 'email'))
    warnings.push('it asks by e-mail in Dify; here somebody answers with riskflow run --answer');
  return {
    ok: true,
    warnings,
    behaviour: {
      kind: 'human-input',
      config: {
        form: compileVariableTemplate(form_content),
        fields,
        actions: user_actions.map(({ id, title }) => ({ id, title })),
        timeoutMs: timeout == null ? null : timeout * unit,
      },
    },
  };
}
