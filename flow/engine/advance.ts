import { encodeValues, type Effect, type EffectResult } from '../../schemas/core.ts';
import type { Plan } from '../plan/plan.ts';
import { askAgain, contentKeyOf, effectOf, startPlanNode } from './ask.ts';
import { consume } from './consume.ts';
import { nextOf } from './containers.ts';
import { failNode, finishNode, finishOutcome, inlineBase } from './finish-node.ts';
import { containerKeyOf, effectIdOf, visitOf } from './names.ts';
import { DEFAULT_HANDLE, type NodeError } from './node-outcome.ts';
import { FoldError, type Container, type RunState } from './state.ts';
import { finish, placeOf, record, stepOf, work, type Place, type Step, type StepOptions, type Work } from './step.ts';

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
