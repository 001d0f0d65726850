import {
  decodeValues,
  encodeValues,
  hashJson,
  type Effect,
  type EffectRequest,
  type EffectResult,
  type NodeFinished,
  type NodeVisit,
  type RunEvent,
  type RunFinished,
  type SecretRef,
  type Usage,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import type { Selector } from '../plan/selector.ts';
import { lookupIn } from '../text/index.ts';
import { applyEvent, applyNodeFinished, findNode, FoldError } from './apply.ts';
import {
  DEFAULT_HANDLE,
  EMPTY,
  EVALUATED_HANDLE,
  type Conclusion,
  type More,
  type NodeContext,
  type NodeError,
  type NodeOutcome,
} from './node-outcome.ts';
import { pinOf } from './pins.ts';
import { draftOf, type Draft, type RunningNode, type RunState } from './state.ts';
import { concludeNode, pinnedHandle, startNode, traitsOf } from '../nodes/kinds.ts';
import { behaviourJson, watchSecrets } from './secrets.ts';

/** What a step of the interpreter leads to. `facts` continue the run's events; `effects` are to be performed. */
export type Step = { readonly state: RunState; readonly facts: readonly RunEvent[]; readonly effects: readonly Effect[] };
export type StepOptions = {
  readonly now: number;
  readonly limits?: Limits;
  /** Whether new effects get content keys. Default: in evaluations, which alone reuse results; a key costs more than all else a start does. */
  readonly contentKeys?: boolean;
};

/** A step in progress. */
type Work = {
  readonly plan: Plan;
  readonly draft: Draft;
  readonly facts: RunEvent[];
  readonly effects: Effect[];
  readonly now: number;
  readonly limits: Limits;
  readonly contentKeys: boolean;
};

function work(plan: Plan, state: RunState, options: StepOptions): Work {
  return {
    plan,
    draft: draftOf(state),
    facts: [],
    effects: [],
    now: options.now,
    limits: options.limits ?? DEFAULT_LIMITS,
    contentKeys: options.contentKeys ?? state.started?.mode === 'evaluation',
  };
}

const stepOf = ({ draft, facts, effects }: Work): Step => ({ state: draft, facts, effects });

/** Runs every node that can run until only effects are left, or the run is over. Effects of nodes already under way are not repeated. */
export function advance(plan: Plan, state: RunState, options: StepOptions): Step {
  const step = work(plan, state, options);
  proceed(step);
  return stepOf(step);
}

/** Consumes the result of an effect, then advances. A result that comes after the end is kept as discarded. */
export function conclude(
  plan: Plan,
  state: RunState,
  options: StepOptions & { readonly effectId: string; readonly result: EffectResult },
): Step {
  const step = work(plan, state, options);
  const running = step.draft.running.get(options.effectId);
  if (running === undefined) throw new FoldError(`a result came for the effect ${options.effectId}, which is not under way`);
  if (step.draft.finished !== null) {
    const node = nodeAt(plan, running.node);
    record(step, {
      type: 'EffectDiscarded',
      data: { ...visitOf(node), effectId: options.effectId, usage: options.result.usage, at: options.now },
    });
    return stepOf(step);
  }
  consume(step, options.effectId, running, options.result);
  proceed(step);
  return stepOf(step);
}

/** Notes that the run is to stop, then ends it. Does nothing to a run that is over. */
export function requestStop(plan: Plan, state: RunState, options: StepOptions & { readonly reason: string }): Step {
  const step = work(plan, state, options);
  if (step.draft.finished === null) {
    record(step, { type: 'RunStopRequested', data: { reason: options.reason, at: options.now } });
    proceed(step);
  }
  return stepOf(step);
}

/** Ends the run as failed for a reason that is no node's: the host cannot go on with it. Does nothing to a run that is over. */
export function failRun(plan: Plan, state: RunState, options: StepOptions & { readonly error: string }): Step {
  const step = work(plan, state, options);
  if (step.draft.finished === null) finish(step, 'failed', options.error);
  return stepOf(step);
}

/** The effects of all nodes under way, for a host that takes the run over at `now`: a retry still waits for what is left of its delay. */
export function pendingEffects(plan: Plan, state: RunState, { now }: Pick<StepOptions, 'now'>): readonly Effect[] {
  const draft = draftOf(state);
  return [...state.running].flatMap(([effectId, running]): readonly Effect[] => {
    const node = nodeAt(plan, running.node);
    const outcome = startPlanNode(plan, draft, node);
    if (outcome.kind !== 'effect') return [];
    const { attempt, contentKey } = running;
    const delayMs = attempt === 1 ? 0 : Math.max(0, running.notBefore - now);
    return [effectOf({ plan, draft, node, outcome, effectId, attempt, delayMs, contentKey })];
  });
}

function proceed(step: Work): void {
  const { draft, plan } = step;
  while (draft.finished === null) {
    if (draft.failure !== null) return finish(step, 'failed', draft.failure);
    if (draft.stopReason !== null) return finish(step, 'stopped', draft.stopReason);
    const next = draft.ready[0];
    if (next === undefined) {
      if (draft.running.size === 0) finish(step, draft.exceptions > 0 ? 'partial-succeeded' : 'succeeded', null);
      return;
    }
    if (draft.steps >= step.limits.maxSteps)
      return finish(step, 'failed', `the run was ended after ${step.limits.maxSteps} steps (limit maxSteps)`);
    begin(step, nodeAt(plan, next));
  }
}

function begin(step: Work, node: PlanNode): void {
  const outcome = startPlanNode(step.plan, step.draft, node);
  const index = step.draft.steps + 1;
  if (outcome.kind === 'effect') {
    const effectId = effectIdOf(node);
    const contentKey = step.contentKeys ? contentKeyOf(step.draft, node, outcome.request) : null;
    const effect = effectOf({ plan: step.plan, draft: step.draft, node, outcome, effectId, attempt: 1, delayMs: 0, contentKey });
    record(step, {
      type: 'NodeStarted',
      data: { ...visitOf(node), index, effectId, contentKey, inputs: encodeValues(outcome.inputs), at: step.now },
    });
    step.effects.push(effect);
    return;
  }
  const base = {
    index,
    inputs: encodeValues(outcome.inputs),
    effectId: null,
    usage: null,
    reused: false,
    elapsedMs: 0,
    startedAt: step.now,
  };
  if (outcome.kind === 'finished') finishNode(step, node, { ...base, status: 'succeeded', error: null }, outcome.outputs, outcome.handle);
  else failNode(step, node, base, outcome.error);
}

function consume(step: Work, effectId: string, running: RunningNode, result: EffectResult): void {
  const node = nodeAt(step.plan, running.node);
  const base = {
    index: running.index,
    inputs: null,
    effectId,
    usage: result.usage,
    reused: result.reused,
    elapsedMs: result.elapsedMs,
    startedAt: running.startedAt,
  };
  if (result.status === 'succeeded') {
    const outputs = decodeValues(result.outputs);
    const pinned = pinFor(step.draft, node) !== undefined;
    const conclusion = pinned
      ? { ok: true as const, outputs, handle: pinnedHandle(node.behaviour, outputs) }
      : concludeEffect(node, outputs);
    if ('more' in conclusion) throw new FoldError('not yet');
    if (conclusion.ok) return finishNode(step, node, { ...base, status: 'succeeded', error: null }, conclusion.outputs, conclusion.handle);
    return retryOrFail(step, node, { effectId, running, usage: result.usage, error: conclusion.error, base });
  }
  retryOrFail(step, node, {
    effectId,
    running,
    usage: result.usage,
    error: { message: result.error.message, type: result.error.type },
    base,
  });
}

/** An inline node that read a secret was evaluated outside: its outputs carry the handle beside them. */
function concludeEffect(node: PlanNode, outputs: Values): Conclusion | More {
  const evaluated = outputs.get(EVALUATED_HANDLE);
  if (typeof evaluated !== 'string') return concludeNode(node.behaviour, outputs, null);
  const rest = new Map(outputs);
  rest.delete(EVALUATED_HANDLE);
  return { ok: true, outputs: rest, handle: evaluated };
}

type Attempt = {
  readonly effectId: string;
  readonly running: RunningNode;
  readonly usage: Usage;
  readonly error: NodeError;
  readonly base: FinishBase;
};

function retryOrFail(step: Work, node: PlanNode, attempt: Attempt): void {
  const { effectId, running, usage, error, base } = attempt;
  const retryable = traitsOf(node.behaviour.kind).retries === true || pinFor(step.draft, node) !== undefined;
  if (!retryable || running.attempt > node.retry.times) return failNode(step, node, base, error);
  const delayMs = node.retry.intervalMs;
  record(step, {
    type: 'NodeRetried',
    data: { ...visitOf(node), effectId, attempt: running.attempt, error, delayMs, usage, at: step.now },
  });
  const outcome = startPlanNode(step.plan, step.draft, node);
  if (outcome.kind !== 'effect') throw new FoldError(`node ${node.id} needed an effect before and none now`);
  const { plan, draft } = step;
  step.effects.push(
    effectOf({ plan, draft, node, outcome, effectId, attempt: running.attempt + 1, delayMs, contentKey: running.contentKey }),
  );
}

type FinishBase = Pick<NodeFinished['data'], 'index' | 'inputs' | 'effectId' | 'usage' | 'reused' | 'elapsedMs' | 'startedAt'>;

function failNode(step: Work, node: PlanNode, base: FinishBase, error: NodeError): void {
  if (node.onError === 'fail-run') return finishNode(step, node, { ...base, status: 'failed', error }, EMPTY, null);
  const outputs = new Map<string, Value>(node.onError === 'default-value' ? decodeValues(node.defaults) : []);
  outputs.set('error_message', error.message);
  outputs.set('error_type', error.type);
  const handle = node.onError === 'fail-branch' ? 'fail-branch' : node.branches ? pinnedHandle(node.behaviour, outputs) : DEFAULT_HANDLE;
  finishNode(step, node, { ...base, status: 'exception', error }, outputs, handle);
}

function finishNode(
  step: Work,
  node: PlanNode,
  base: FinishBase & Pick<NodeFinished['data'], 'status' | 'error'>,
  outputs: Values,
  handle: string | null,
): void {
  const data: NodeFinished['data'] = { ...visitOf(node), ...base, outputs: encodeValues(outputs), handle, at: step.now };
  step.draft.seq++;
  applyNodeFinished(step.plan, step.draft, data, outputs);
  step.facts.push({ type: 'NodeFinished', data });
}

function finish(step: Work, status: RunFinished['data']['status'], error: string | null): void {
  const { draft, now } = step;
  const done = status === 'succeeded' || status === 'partial-succeeded';
  record(step, {
    type: 'RunFinished',
    data: {
      status,
      outputs: done ? encodeValues(draft.outputs) : null,
      error,
      exceptionsCount: draft.exceptions,
      totalSteps: draft.steps,
      usage: draft.usage,
      reused: draft.reused,
      effectMs: draft.effectMs,
      elapsedMs: now - (draft.started?.at ?? now),
      at: now,
    },
  });
}

function record(step: Work, event: RunEvent): void {
  applyEvent(step.plan, step.draft, event);
  step.facts.push(event);
}

function startPlanNode(plan: Plan, draft: Draft, node: PlanNode): NodeOutcome {
  const pin = pinFor(draft, node);
  if (pin !== undefined) return { kind: 'effect', inputs: EMPTY, secrets: [], request: { kind: 'pinned', pin } };
  const context: NodeContext = { lookup: (selector) => lookup(plan, draft, selector), modelMap: draft.started?.modelMap ?? {} };
  if (!plan.hasSecrets) return startNode(node.behaviour, context);
  const watched = watchSecrets(context);
  const outcome = startNode(node.behaviour, watched.context);
  const secrets = watched.secrets();
  if (outcome.kind === 'effect' || secrets.length === 0) return outcome;
  return {
    kind: 'effect',
    inputs: outcome.inputs,
    secrets,
    request: { kind: 'evaluate', planVersion: plan.planVersion, node: behaviourJson(node), inputs: watched.inputs() },
  };
}

function lookup(plan: Plan, draft: Draft, selector: Selector): Value | undefined {
  const [namespace, name] = selector;
  if (namespace === undefined || name === undefined) return undefined;
  const node = findNode(plan, namespace);
  const variables = (node === undefined ? null : draft.produced[node]) ?? draft.shared.get(namespace);
  const value = variables?.get(name);
  return value === undefined || selector.length === 2 ? value : lookupIn(value, selector.slice(2));
}

/** What a node gives instead of being executed: the pin of its id before that of its type. */
function pinFor(draft: Draft, node: PlanNode): NonNullable<Draft['started']>['pins'][string] | undefined {
  const pins = draft.started?.pins;
  return pins === undefined ? undefined : pinOf(pins, node);
}

type EffectParts = {
  readonly plan: Plan;
  readonly draft: Draft;
  readonly node: PlanNode;
  readonly outcome: Extract<NodeOutcome, { kind: 'effect' }>;
  readonly effectId: string;
  readonly attempt: number;
  readonly delayMs: number;
  readonly contentKey: string | null;
};

function effectOf({ draft, node, outcome, effectId, attempt, delayMs, contentKey }: EffectParts): Effect {
  return {
    effectId,
    runId: draft.started?.runId ?? '',
    nodeId: node.id,
    nodeType: node.type,
    title: node.title,
    attempt,
    delayMs,
    secrets: distinct(outcome.secrets),
    contentKey,
    request: outcome.request,
  };
}

const distinct = (secrets: readonly SecretRef[]): readonly SecretRef[] =>
  secrets.filter((ref, i) => secrets.findIndex((other) => other.secret === ref.secret && other.version === ref.version) === i);

/** 64 hex digits of what is asked for, then which of several equal questions of this run it is: each is a draw of its own. */
function contentKeyOf(draft: Draft, node: PlanNode, request: EffectRequest): string | null {
  if (traitsOf(node.behaviour.kind).reusable !== true || request.kind === 'pinned' || request.kind === 'evaluate') return null;
  const base = hashJson({ plan: draft.started?.planVersion ?? 0, node: node.meaning, request });
  return `${base}.${draft.asked.get(base) ?? 0}`;
}

const visitOf = (node: PlanNode): NodeVisit => ({ nodeId: node.id, path: [], visit: 1 });
const effectIdOf = (node: PlanNode): string => (node.id.length <= 120 ? `${node.id}#1` : `${hashJson(node.id)}#1`);

function nodeAt(plan: Plan, index: number): PlanNode {
  const node = plan.nodes[index];
  if (node === undefined) throw new FoldError(`the plan has no node number ${index}`);
  return node;
}
