import { pluginTriggerDataSchema, scheduleTriggerDataSchema, webhookTriggerDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import type { StartVariable, TriggerConfig, WebhookField } from './config.ts';
import { headerVariable, WEBHOOK_RAW } from './webhook-inputs.ts';

const TYPES: ReadonlySet<string> = new Set([
  'string',
  'number',
  'boolean',
  'object',
  'file',
  'array[string]',
  'array[number]',
  'array[boolean]',
  'array[object]',
]);

/** A webhook as the beginning of a flow: its headers, parameters and the parts of its body are the inputs, by their names. */
export function compileWebhook(data: YamlPlain): BehaviourResult {
  const parsed = webhookTriggerDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const fields = { headers: fieldsOf(parsed.data.headers), params: fieldsOf(parsed.data.params), body: fieldsOf(parsed.data.body) };
  const odd = [...fields.headers, ...fields.params, ...fields.body].find(({ type }) => !TYPES.has(type));
  if (odd !== undefined)
    return { ok: false, message: `the field "${odd.name}" of the webhook has the type "${odd.type}", which it cannot have` };
  const { method, content_type, status_code, response_body } = parsed.data;
  const trigger: TriggerConfig = {
    kind: 'webhook',
    method: (method ?? 'get').toLowerCase(),
    contentType: content_type ?? 'application/json',
    ...fields,
    answer: { status: status_code ?? 200, body: response_body },
  };
  const variables = [
    ...fields.headers.map((field) => variableOf({ ...field, name: headerVariable(field.name) })),
    ...[...fields.params, ...fields.body].map(variableOf),
    variableOf({ name: WEBHOOK_RAW, type: 'object', required: false }),
  ];
  return { ok: true, warnings: [], behaviour: { kind: 'start', config: { variables, trigger } } };
}

type FieldData = { readonly name: string; readonly type?: string | null | undefined; readonly required?: boolean | null | undefined };

const fieldsOf = (fields: readonly FieldData[]): readonly WebhookField[] =>
  fields.map(({ name, type, required }) => ({ name, type: type ?? 'string', required: required === true }));

const variableOf = ({ name, type, required }: WebhookField): StartVariable => ({
  name,
  type,
  required,
  default: null,
  options: [],
  maxLength: null,
});

/** A schedule as the beginning of a flow: it brings no inputs. */
export function compileSchedule(data: YamlPlain): BehaviourResult {
  const parsed = scheduleTriggerDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { mode, cron_expression, timezone, frequency, visual_config } = parsed.data;
  if (mode === 'cron' && (cron_expression ?? '') === '') return { ok: false, message: 'cron_expression: a schedule by cron needs one' };
  const { on_minute, time, weekdays = [], monthly_days = [] } = visual_config ?? {};
  const trigger: TriggerConfig = {
    kind: 'schedule',
    timezone: timezone ?? 'UTC',
    times:
      mode === 'cron'
        ? { cron: cron_expression ?? '' }
        : { frequency: frequency ?? 'daily', minute: on_minute ?? 0, time: time ?? '12:00 AM', weekdays, days: monthly_days },
  };
  return { ok: true, warnings: [], behaviour: { kind: 'start', config: { variables: [], trigger } } };
}

/** An event of a plugin as the beginning of a flow. */
export function compilePlugin(data: YamlPlain): BehaviourResult {
  const parsed = pluginTriggerDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { plugin_id: plugin, provider_id: provider, event_name: event } = parsed.data;
  const warnings = [`Riskflow has no plugin "${plugin}": what its event "${event}" tells has to be given as inputs`];
  return {
    ok: true,
    warnings,
    behaviour: { kind: 'start', config: { variables: [], trigger: { kind: 'plugin', plugin, provider, event } } },
  };
}
