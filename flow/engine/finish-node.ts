import { decodeValues, encodeValue, encodeValues, type NodeFinished, type Value, type Values } from '../../schemas/core.ts';
import { pinnedHandle } from '../nodes/kinds.ts';
import { applyNodeFinished } from './apply.ts';
import { visitOf } from './names.ts';
import { DEFAULT_HANDLE, EMPTY, type NodeError, type NodeOutcome, type VariableWrite } from './node-outcome.ts';
import { canWrite } from './pool.ts';
import type { Place, Work } from './step.ts';

export type FinishBase = Pick<NodeFinished['data'], 'index' | 'inputs' | 'effectId' | 'usage' | 'reused' | 'elapsedMs' | 'startedAt'>;

type Finish = { readonly outputs: Values; readonly handle: string | null; readonly writes?: readonly VariableWrite[] };

export const inlineBase = (step: Work, index: number, inputs: FinishBase['inputs']): FinishBase => ({
  index,
  inputs,
  effectId: null,
  usage: null,
  reused: false,
  elapsedMs: 0,
  startedAt: step.now,
});

/** A node that needed nothing (more) from outside is over. */
export function finishOutcome(
  step: Work,
  place: Place,
  outcome: Extract<NodeOutcome, { kind: 'finished' | 'failed' }>,
  base: FinishBase,
): void {
  if (outcome.kind === 'failed') return failNode(step, place, base, outcome.error);
  const { outputs, handle, writes = [] } = outcome;
  const refused = writes.find(({ selector }) => !canWrite(step.plan, step.draft, place.at.frame, selector));
  if (refused === undefined) return finishNode(step, place, { ...base, status: 'succeeded', error: null }, { outputs, handle, writes });
  const message = `the variable ${refused.selector.join('.')} cannot be written here: it is neither of the conversation nor of a loop around this node`;
  failNode(step, place, base, { type: 'VariableOperatorNodeError', message });
}

export function failNode(step: Work, place: Place, base: FinishBase, error: NodeError): void {
  const { node } = place;
  if (node.onError === 'fail-run') return finishNode(step, place, { ...base, status: 'failed', error }, { outputs: EMPTY, handle: null });
  const outputs = new Map<string, Value>(node.onError === 'default-value' ? decodeValues(node.defaults) : []);
  outputs.set('error_message', error.message);
  outputs.set('error_type', error.type);
  const handle = node.onError === 'fail-branch' ? 'fail-branch' : node.branches ? pinnedHandle(node.behaviour, outputs) : DEFAULT_HANDLE;
  finishNode(step, place, { ...base, status: 'exception', error }, { outputs, handle });
}

export function finishNode(
  step: Work,
  { node, frame }: Place,
  base: FinishBase & Pick<NodeFinished['data'], 'status' | 'error'>,
  { outputs, handle, writes = [] }: Finish,
): void {
  const data: NodeFinished['data'] = {
    ...visitOf(node, frame),
    ...base,
    outputs: encodeValues(outputs),
    handle,
    ...(writes.length === 0 ? {} : { writes: writes.map(({ selector, value }) => [selector, encodeValue(value)] as const) }),
    at: step.now,
  };
  step.draft.seq++;
  applyNodeFinished(step.plan, step.draft, data, outputs);
  step.facts.push({ type: 'NodeFinished', data });
}
