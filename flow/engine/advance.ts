import {
  decodeValues,
  encodeValue,
  encodeValues,
  hashJson,
  type Effect,
  type EffectRequest,
  type EffectResult,
  type NodeFinished,
  type RunEvent,
  type RunFinished,
  type SecretRef,
  type Usage,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import { limitsOf, type Limits } from '../limits.ts';
import { concludeNode, pinnedHandle, proceedNode, recoverNode, startNode, traitsOf } from '../nodes/kinds.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { applyEvent, applyNodeFinished } from './apply.ts';
import { nextOf } from './containers.ts';
import { nodeAt } from './find-node.ts';
import { containerKeyOf, effectIdOf, visitOf } from './names.ts';
import {
  DEFAULT_HANDLE,
  EMPTY,
  EVALUATED_HANDLE,
  type Conclusion,
  type More,
  type NodeContext,
  type NodeError,
  type NodeOutcome,
  type VariableWrite,
} from './node-outcome.ts';
import { pinOf } from './pins.ts';
import { canWrite, declaredType, lookup } from './pool.ts';
import { behaviourJson, watchSecrets } from './secrets.ts';
import {
  draftOf,
  FoldError,
  stateOf,
  type Container,
  type Draft,
  type Frame,
  type Ready,
  type RunningNode,
  type RunState,
} from './state.ts';

/** How many nodes a host lets happen in one step: some ten milliseconds of work, and some hundred kilobytes of facts. */
export const NODES_PER_STEP = 1_000;

/** What a step of the interpreter leads to. `facts` continue the run's events; `effects` are to be performed. */
export type Step = {
  readonly state: RunState;
  readonly facts: readonly RunEvent[];
  readonly effects: readonly Effect[];
  /** The step ended because it was long enough: `advance` goes on. */
  readonly more: boolean;
};
export type StepOptions = {
  readonly now: number;
  readonly limits?: Limits;
  /** Whether new effects get content keys. Default: in evaluations, which alone reuse results; a key costs more than all else a start does. */
  readonly contentKeys?: boolean;
  /** After so many nodes the step ends, so that a host can write what happened and look at what else came. Default: no end. */
  readonly maxNodes?: number;
};

/** A node in the frame it runs in. */
type Place = { readonly at: Ready; readonly node: PlanNode; readonly frame: Frame };

/** A step in progress. */
type Work = {
  readonly plan: Plan;
  readonly draft: Draft;
  readonly facts: RunEvent[];
  readonly effects: Effect[];
  readonly now: number;
  readonly limits: Limits;
  readonly contentKeys: boolean;
  readonly maxNodes: number;
  more: boolean;
};

function work(plan: Plan, state: RunState, options: StepOptions): Work {
  return {
    plan,
    draft: draftOf(state),
    facts: [],
    effects: [],
    now: options.now,
    limits: options.limits ?? limitsOf(state.started?.limits),
    contentKeys: options.contentKeys ?? state.started?.mode === 'evaluation',
    maxNodes: options.maxNodes ?? Infinity,
    more: false,
  };
}

const stepOf = ({ draft, facts, effects, more }: Work): Step => ({ state: stateOf(draft), facts, effects, more });

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
    const { node, frame } = placeOf(step, running);
    record(step, {
      type: 'EffectDiscarded',
      data: { ...visitOf(node, frame), effectId: options.effectId, usage: options.result.usage, at: options.now },
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
export function pendingEffects(plan: Plan, state: RunState, options: Pick<StepOptions, 'now'>): readonly Effect[] {
  const step = work(plan, state, options);
  return [...state.running].flatMap(([effectId, running]): readonly Effect[] => {
    const place = placeOf(step, running);
    const outcome = askAgain(step, place, running);
    if (outcome.kind !== 'effect') return [];
    const { attempt, contentKey } = running;
    const delayMs = attempt === 1 ? 0 : Math.max(0, running.notBefore - options.now);
    return [effectOf(step, place, { outcome, effectId, attempt, delayMs, contentKey, askedAt: running.startedAt })];
  });
}

function placeOf({ plan, draft }: Work, { frame: key, node: index }: Ready): Place {
  const frame = draft.frames.get(key);
  if (frame === undefined) throw new FoldError(`the run has no pass "${key}" under way`);
  return { at: { frame: key, node: index }, node: nodeAt(plan, index), frame };
}

function proceed(step: Work): void {
  const { draft } = step;
  for (let begun = 0; draft.finished === null; begun++) {
    if (draft.failure !== null) return finish(step, 'failed', draft.failure);
    if (draft.stopReason !== null) return finish(step, 'stopped', draft.stopReason);
    const next = draft.ready[0];
    if (next === undefined) {
      if (draft.running.size === 0) finish(step, draft.exceptions > 0 ? 'partial-succeeded' : 'succeeded', null);
      return;
    }
    if (begun >= step.maxNodes) {
      step.more = true;
      return;
    }
    const place = placeOf(step, next);
    const container = draft.containers.get(containerKeyOf(next.frame, next.node));
    if (container !== undefined) {
      goOn(step, place, container);
      continue;
    }
    if (draft.steps >= step.limits.maxSteps)
      return finish(step, 'failed', `the run was ended after ${step.limits.maxSteps} steps (setting limits.maxSteps)`);
    begin(step, place);
  }
}

function begin(step: Work, place: Place): void {
  const { node, frame } = place;
  const outcome = startPlanNode(step, place);
  const index = step.draft.steps + 1;
  const visit = visitOf(node, frame);
  const inputs = encodeValues(outcome.inputs);
  if (outcome.kind === 'effect') {
    const effectId = effectIdOf(visit, 1);
    const contentKey = step.contentKeys ? contentKeyOf(step.draft, node, outcome.request) : null;
    const effect = effectOf(step, place, { outcome, effectId, attempt: 1, delayMs: 0, contentKey, askedAt: step.now });
    record(step, { type: 'NodeStarted', data: { ...visit, index, effectId, contentKey, inputs, at: step.now } });
    step.effects.push(effect);
    return;
  }
  if (outcome.kind === 'passes') {
    if (node.body !== null) return record(step, { type: 'ContainerStarted', data: { ...visit, index, inputs, at: step.now } });
    const empty: NodeError = { type: 'EmptyContainerError', message: `there are no nodes within this ${node.type}` };
    return failNode(step, place, inlineBase(step, index, inputs), empty);
  }
  finishOutcome(step, place, outcome, inlineBase(step, index, inputs));
}

/** An iteration or loop goes on: with its next pass, or to its end. */
function goOn(step: Work, place: Place, container: Container): void {
  const next = nextOf(step.plan, step.draft, { node: place.node, container });
  const base = { ...inlineBase(step, container.index, null), startedAt: container.startedAt };
  if (next.kind === 'failed') return failNode(step, place, base, next.error);
  if (next.kind === 'finished')
    return finishNode(step, place, { ...base, status: 'succeeded', error: null }, { outputs: next.outputs, handle: DEFAULT_HANDLE });
  // Passes of nodes are counted by their nodes; those without any would go on for ever.
  if (container.begun >= step.limits.maxSteps)
    return finish(step, 'failed', `the run was ended after ${container.begun} passes of "${place.node.title}" (setting limits.maxSteps)`);
  record(step, { type: 'PassStarted', data: { ...visitOf(place.node, place.frame), pass: next.pass, at: step.now } });
}

const inlineBase = (step: Work, index: number, inputs: FinishBase['inputs']): FinishBase => ({
  index,
  inputs,
  effectId: null,
  usage: null,
  reused: false,
  elapsedMs: 0,
  startedAt: step.now,
});

/** A node that needed nothing (more) from outside is over. */
function finishOutcome(step: Work, place: Place, outcome: Extract<NodeOutcome, { kind: 'finished' | 'failed' }>, base: FinishBase): void {
  if (outcome.kind === 'failed') return failNode(step, place, base, outcome.error);
  const { outputs, handle, writes = [] } = outcome;
  const refused = writes.find(({ selector }) => !canWrite(step.plan, step.draft, place.at.frame, selector));
  if (refused === undefined) return finishNode(step, place, { ...base, status: 'succeeded', error: null }, { outputs, handle, writes });
  const message = `the variable ${refused.selector.join('.')} cannot be written here: it is neither of the conversation nor of a loop around this node`;
  failNode(step, place, base, { type: 'VariableOperatorNodeError', message });
}

function consume(step: Work, effectId: string, running: RunningNode, result: EffectResult): void {
  const place = placeOf(step, running);
  const { node } = place;
  const base = {
    index: running.index,
    inputs: null,
    effectId,
    usage: result.usage,
    reused: result.reused,
    elapsedMs: result.elapsedMs,
    startedAt: running.startedAt,
  };
  if (result.status === 'failed') {
    const error = { message: result.error.message, type: result.error.type };
    const recovered = running.memo === null ? null : recoverNode(node.behaviour, error, running.memo);
    if (recovered !== null) return askMore(step, place, { effectId, running, result, memo: recovered.more, base });
    return retryOrFail(step, place, { effectId, running, usage: result.usage, error, base });
  }
  const outputs = decodeValues(result.outputs);
  const pinned = pinFor(step.draft, node) !== undefined;
  const conclusion = pinned
    ? { ok: true as const, outputs, handle: pinnedHandle(node.behaviour, outputs) }
    : concludeEffect(step, node, { outputs, memo: running.memo });
  if ('more' in conclusion) return askMore(step, place, { effectId, running, result, memo: conclusion.more, base });
  if (conclusion.ok) return finishNode(step, place, { ...base, status: 'succeeded', error: null }, conclusion);
  retryOrFail(step, place, { effectId, running, usage: result.usage, error: conclusion.error, base });
}

/** An inline node that read a secret was evaluated outside: its outputs carry the handle beside them. */
function concludeEffect(
  step: Work,
  node: PlanNode,
  { outputs, memo }: { readonly outputs: Values; readonly memo: RunningNode['memo'] },
): Conclusion | More {
  const evaluated = outputs.get(EVALUATED_HANDLE);
  if (typeof evaluated !== 'string') return concludeNode(node.behaviour, outputs, { memo, limits: step.limits });
  const rest = new Map(outputs);
  rest.delete(EVALUATED_HANDLE);
  return { ok: true, outputs: rest, handle: evaluated };
}

type Question = {
  readonly effectId: string;
  readonly running: RunningNode;
  readonly result: EffectResult;
  readonly memo: NonNullable<RunningNode['memo']> | null;
  readonly base: FinishBase;
};

/** The answer was not the last one: the node asks for what it needs next. */
function askMore(step: Work, place: Place, { effectId, running, result, memo, base }: Question): void {
  const outcome = askAgain(step, place, { ...running, memo });
  if (outcome.kind === 'passes') throw new FoldError(`node ${place.node.id} cannot become an iteration`);
  if (outcome.kind !== 'effect') return finishOutcome(step, place, outcome, base);
  const visit = visitOf(place.node, place.frame);
  const nextEffectId = effectIdOf(visit, running.turn + 1);
  const contentKey = step.contentKeys ? contentKeyOf(step.draft, place.node, outcome.request) : null;
  const { usage, elapsedMs, reused } = result;
  record(step, {
    type: 'NodeContinued',
    data: { ...visit, effectId, nextEffectId, contentKey, memo, usage, elapsedMs, reused, at: step.now },
  });
  step.effects.push(
    effectOf(step, place, { outcome, effectId: nextEffectId, attempt: 1, delayMs: 0, contentKey, askedAt: running.startedAt }),
  );
}

/** What a node under way asks for: its first question, or a later one by what it noted. */
const askAgain = (step: Work, place: Place, { memo }: Pick<RunningNode, 'memo'>): NodeOutcome =>
  memo === null ? startPlanNode(step, place) : proceedNode(place.node.behaviour, contextOf(step, place), memo);

type Attempt = {
  readonly effectId: string;
  readonly running: RunningNode;
  readonly usage: Usage;
  readonly error: NodeError;
  readonly base: FinishBase;
};

function retryOrFail(step: Work, place: Place, attempt: Attempt): void {
  const { effectId, running, usage, error, base } = attempt;
  const { node, frame } = place;
  const retryable = traitsOf(node.behaviour.kind).retries === true || pinFor(step.draft, node) !== undefined;
  // A pass that failed elsewhere, or a loop that is to end, waits for what is under way and asks for nothing more.
  const wanted = frame.failure === null && !frame.ended;
  if (!retryable || !wanted || running.attempt > node.retry.times) return failNode(step, place, base, error);
  const delayMs = node.retry.intervalMs;
  record(step, {
    type: 'NodeRetried',
    data: { ...visitOf(node, frame), effectId, attempt: running.attempt, error, delayMs, usage, at: step.now },
  });
  const outcome = askAgain(step, place, running);
  if (outcome.kind !== 'effect') throw new FoldError(`node ${node.id} needed an effect before and none now`);
  const { attempt: last, contentKey } = running;
  step.effects.push(effectOf(step, place, { outcome, effectId, attempt: last + 1, delayMs, contentKey, askedAt: running.startedAt }));
}

type FinishBase = Pick<NodeFinished['data'], 'index' | 'inputs' | 'effectId' | 'usage' | 'reused' | 'elapsedMs' | 'startedAt'>;
type Finish = { readonly outputs: Values; readonly handle: string | null; readonly writes?: readonly VariableWrite[] };

function failNode(step: Work, place: Place, base: FinishBase, error: NodeError): void {
  const { node } = place;
  if (node.onError === 'fail-run') return finishNode(step, place, { ...base, status: 'failed', error }, { outputs: EMPTY, handle: null });
  const outputs = new Map<string, Value>(node.onError === 'default-value' ? decodeValues(node.defaults) : []);
  outputs.set('error_message', error.message);
  outputs.set('error_type', error.type);
  const handle = node.onError === 'fail-branch' ? 'fail-branch' : node.branches ? pinnedHandle(node.behaviour, outputs) : DEFAULT_HANDLE;
  finishNode(step, place, { ...base, status: 'exception', error }, { outputs, handle });
}

function finishNode(
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

function startPlanNode(step: Work, place: Place): NodeOutcome {
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

const contextOf = ({ plan, draft, limits }: Work, { at, node }: Place): NodeContext => ({
  lookup: (selector) => lookup(plan, draft, at.frame, selector),
  modelMap: draft.started?.modelMap ?? {},
  callDepth: draft.started?.origin.kind === 'tool' ? draft.started.origin.depth : 0,
  typeOf: (selector) => declaredType(plan, selector),
  limits,
  handlesErrors: node.onError !== 'fail-run' || node.retry.times > 0,
});

/** What a node gives instead of being executed: the pin of its id before that of its type. */
function pinFor(draft: Draft, node: PlanNode): NonNullable<Draft['started']>['pins'][string] | undefined {
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

function effectOf(
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
function contentKeyOf(draft: Draft, node: PlanNode, request: EffectRequest): string | null {
  if (traitsOf(node.behaviour.kind).reusable !== true || request.kind === 'pinned' || request.kind === 'evaluate') return null;
  const base = hashJson({ plan: draft.started?.planVersion ?? 0, node: node.meaning, request });
  return `${base}.${draft.asked.get(base) ?? 0}`;
}
