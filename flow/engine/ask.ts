import { hashJson, type Effect, type EffectRequest, type SecretRef } from '../../schemas/core.ts';
import { proceedNode, startNode, traitsOf } from '../nodes/kinds.ts';
import type { PlanNode } from '../plan/plan.ts';
import { EMPTY, type NodeContext, type NodeOutcome } from './node-outcome.ts';
import { pinOf } from './pins.ts';
import { declaredType, lookup } from './pool.ts';
import { behaviourJson, watchSecrets } from './secrets.ts';
import type { Draft, RunningNode } from './state.ts';
import type { Place, Work } from './step.ts';

export function startPlanNode(step: Work, place: Place): NodeOutcome {
  const { node } = place;
  const pin = pinFor(step.draft, node);
  if (pin !== undefined) return { kind: 'effect', inputs: EMPTY, secrets: [], request: { kind: 'pinned', pin } };
  const context = contextOf(step, place);
  if (!step.plan.hasSecrets || traitsOf(node.behaviour.kind).passesSecrets === true) return startNode(node.behaviour, context);
  const watched = watchSecrets(context);
  const outcome = startNode(node.behaviour, watched.context);
  const secrets = watched.secrets();
  if (outcome.kind === 'effect' || outcome.kind === 'passes' || secrets.length === 0) return outcome;
  return {
    kind: 'effect',
    inputs: outcome.inputs,
    secrets,
    request: { kind: 'evaluate', planVersion: step.plan.planVersion, node: behaviourJson(node), inputs: watched.inputs() },
  };
}

/** What a node under way asks for: its first question, or a later one by what it noted. */
export const askAgain = (step: Work, place: Place, { memo }: Pick<RunningNode, 'memo'>): NodeOutcome =>
  memo === null ? startPlanNode(step, place) : proceedNode(place.node.behaviour, contextOf(step, place), memo);

const contextOf = ({ plan, draft, limits }: Work, { at, node }: Place): NodeContext => ({
  lookup: (selector) => lookup(plan, draft, at.frame, selector),
  modelMap: draft.started?.modelMap ?? {},
  callDepth: draft.started?.origin.kind === 'tool' ? draft.started.origin.depth : 0,
  typeOf: (selector) => declaredType(plan, selector),
  limits,
  handlesErrors: node.onError !== 'fail-run' || node.retry.times > 0,
});

/** What a node gives instead of being executed: the pin of its id before that of its type. */
export function pinFor(draft: Draft, node: PlanNode): NonNullable<Draft['started']>['pins'][string] | undefined {
  const pins = draft.started?.pins;
  return pins === undefined ? undefined : pinOf(pins, node);
}

type EffectParts = {
  readonly outcome: Extract<NodeOutcome, { kind: 'effect' }>;
  readonly effectId: string;
  readonly attempt: number;
  readonly delayMs: number;
  readonly contentKey: string | null;
  /** When the node asked first. */
  readonly askedAt: number;
};

export function effectOf(
  { draft, plan }: Work,
  { node }: Place,
  { outcome, effectId, attempt, delayMs, contentKey, askedAt }: EffectParts,
): Effect {
  return {
    effectId,
    runId: draft.started?.runId ?? '',
    flowVersion: plan.flowVersion,
    nodeId: node.id,
    nodeType: node.type,
    title: node.title,
    attempt,
    delayMs,
    secrets: distinct(outcome.secrets),
    contentKey,
    request: outcome.request.kind === 'human-input' ? { ...outcome.request, askedAt } : outcome.request,
  };
}

const distinct = (secrets: readonly SecretRef[]): readonly SecretRef[] =>
  secrets.filter((ref, i) => secrets.findIndex((other) => other.secret === ref.secret && other.version === ref.version) === i);

/** 64 hex digits of what is asked for, then which of several equal questions of this run it is: each is a draw of its own. */
export function contentKeyOf(draft: Draft, node: PlanNode, request: EffectRequest): string | null {
  if (traitsOf(node.behaviour.kind).reusable !== true || request.kind === 'pinned' || request.kind === 'evaluate') return null;
  const base = hashJson({ plan: draft.started?.planVersion ?? 0, node: node.meaning, request });
  return `${base}.${draft.asked.get(base) ?? 0}`;
}
