import {
  decodeValues,
  float,
  isObject,
  type Json,
  type NodeFinished,
  type RunPaused,
  type RunStarted,
  type Value,
} from '../../schemas/core.ts';
import type { PlanNode } from '../plan/plan.ts';
import { objectOf, seconds, shown, type Entries } from './event-data.ts';

/** What a node asks a person, in the words of Dify's `human_input_required`; null where it asks nobody, as a pinned one. */
export function formOf(node: PlanNode, start: { readonly id: string; readonly inputs: Json; readonly at: number }): Entries | null {
  const inputs = shown(start.inputs);
  if (node.behaviour.kind !== 'human-input' || inputs === null || !isObject(inputs) || !inputs.has('form_content')) return null;
  const { timeoutMs } = node.behaviour.config;
  return {
    form_id: start.id,
    node_id: node.id,
    node_title: node.title,
    ...Object.fromEntries(inputs),
    // There is no page of Riskflow's own where it could be answered.
    display_in_ui: false,
    form_token: null,
    resolved_default_values: new Map(),
    expiration_time: timeoutMs === null ? null : seconds(start.at + timeoutMs),
  };
}

/** What became of it: the name of Dify's event and what that holds; null where the node failed or was stopped. */
export function formAnswered(form: Entries, data: NodeFinished['data']): readonly [event: string, data: Entries] | null {
  if (data.status !== 'succeeded') return null;
  const outputs = decodeValues(data.outputs);
  const node: Entries = { node_id: form['node_id'] ?? null, node_title: form['node_title'] ?? null };
  const action = outputs.get('__action_id');
  if (action === undefined) return ['human_input_form_timeout', { ...node, expiration_time: form['expiration_time'] ?? null }];
  const told: Entries = {
    ...node,
    rendered_content: outputs.get('__rendered_content') ?? null,
    action_id: action,
    action_text: outputs.get('__action_value') ?? null,
  };
  return ['human_input_form_filled', told];
}

/** Forms are the reasons where there are any, else what is waited for in words. */
export function runPaused(
  data: RunPaused['data'],
  run: {
    readonly started: RunStarted['data'] | undefined;
    readonly forms: readonly Entries[];
    readonly steps: number;
    readonly tokens: number;
  },
): Entries {
  const forms = run.forms.filter((form) => data.nodes === undefined || data.nodes.some((node) => node === form['node_id']));
  const reasons: readonly Value[] =
    forms.length > 0
      ? forms.map((form) => objectOf({ TYPE: 'human_input_required', ...form }))
      : [objectOf({ TYPE: 'scheduled_pause', message: data.reason })];
  return {
    workflow_run_id: run.started?.runId ?? null,
    status: 'paused',
    reasons,
    paused_nodes: data.nodes ?? [],
    outputs: new Map(),
    created_at: seconds(run.started?.at ?? data.at),
    elapsed_time: float((data.at - (run.started?.at ?? data.at)) / 1000),
    total_tokens: run.tokens,
    total_steps: run.steps,
  };
}
