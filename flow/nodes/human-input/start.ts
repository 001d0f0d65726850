import { decodeValue, isArray, isObject, isSecretRef, type Json, type Value, type Values } from '../../../schemas/core.ts';
import type { Conclusion, NodeContext, NodeOutcome } from '../../engine/node-outcome.ts';
import { renderTemplate, renderText, secretPlaceholder } from '../../text/index.ts';
import type { HumanInputConfig } from './config.ts';

/** The handle that is taken when nobody answered in time. */
const TIMEOUT_HANDLE = '__timeout';

/** Asks a person. What is asked stands in the node's inputs, where those who answer find it. */
export function startHumanInput(config: HumanInputConfig, { lookup }: NodeContext): NodeOutcome {
  const form = renderTemplate(config.form, lookup, 'markdown');
  const fields = config.fields.map(({ name, type, from }): Value => {
    const value = 'selector' in from ? (lookup(from.selector) ?? null) : decodeValue(from.value);
    return new Map<string, Value>([
      ['output_variable_name', name],
      ['type', type],
      ['default', isSecretRef(value) ? secretPlaceholder(value) : value],
    ]);
  });
  const actions = config.actions.map((action): Value => new Map(Object.entries(action)));
  const inputs = new Map<string, Value>([
    ['form_content', form.text],
    ['inputs', fields],
    ['actions', actions],
  ]);
  return { kind: 'effect', inputs, secrets: [], request: { kind: 'human-input', timeoutMs: config.timeoutMs, askedAt: 0 } };
}

/** What a person answered, as an effect of the node has it; null: nobody did, in time. */
export type Answer = { readonly action: string; readonly values: Values };
export type AnswerResult = { readonly ok: true; readonly outputs: Values } | { readonly ok: false; readonly message: string };

/**
 * The outputs that an answer to a question stands for.
 * @param inputs what the node was given, which says what may be answered (NodeStarted)
 */
export function answerOutputs(inputs: Json, { action, values }: Answer): AnswerResult {
  const asked = decodeValue(inputs);
  const [fields, actions] = ['inputs', 'actions'].map((name) => listOf(isObject(asked) ? asked.get(name) : undefined));
  const chosen = actions?.find((item) => item.get('id') === action);
  if (chosen === undefined) {
    const known = (actions ?? []).map((item) => `"${renderText(item.get('id') ?? '')}"`).join(', ');
    return { ok: false, message: `there is no action "${action}": one of ${known === '' ? 'none' : known} was expected` };
  }
  const names = new Set((fields ?? []).map((field) => renderText(field.get('output_variable_name') ?? '')));
  const unknown = [...values.keys()].find((name) => !names.has(name));
  if (unknown !== undefined) return { ok: false, message: `the form has no field "${unknown}": it has ${[...names].join(', ') || 'none'}` };
  const outputs = new Map<string, Value>();
  for (const field of fields ?? []) {
    const name = renderText(field.get('output_variable_name') ?? '');
    outputs.set(name, values.get(name) ?? field.get('default') ?? null);
  }
  const form = isObject(asked) ? renderText(asked.get('form_content') ?? '') : '';
  const rendered = form.replaceAll(FIELD, (mark, name: string) => {
    const value = outputs.get(name);
    return value === undefined ? mark : renderText(value);
  });
  outputs.set('__action_id', action);
  outputs.set('__action_value', chosen.get('title') ?? '');
  outputs.set('__rendered_content', rendered);
  return { ok: true, outputs };
}

/** Where a field stands in a form. */
const FIELD = /\{\{#\$output\.([a-zA-Z_][a-zA-Z0-9_]*)#\}\}/g;

const listOf = (value: Value | undefined): readonly ReadonlyMap<string, Value>[] =>
  value !== undefined && isArray(value) ? value.filter(isObject) : [];

/** The handle is the action; without an answer that of the timeout. */
export function concludeHumanInput(_: HumanInputConfig, outputs: Values): Conclusion {
  const action = outputs.get('__action_id');
  return { ok: true, outputs, handle: typeof action === 'string' ? action : TIMEOUT_HANDLE };
}

/** The action that pinned outputs stand for. */
export function pinnedAction(config: HumanInputConfig, outputs: Values): string {
  const action = outputs.get('__action_id');
  return typeof action === 'string' ? action : (config.actions[0]?.id ?? TIMEOUT_HANDLE);
}
