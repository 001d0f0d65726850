import { encodeValues, type Effect, type RunEvent, type RunFinished } from '../../schemas/core.ts';
import { limitsOf, type Limits } from '../limits.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import { applyEvent } from './apply.ts';
import { nodeAt } from './find-node.ts';
import { draftOf, FoldError, stateOf, type Draft, type Frame, type Ready, type RunState } from './state.ts';

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
export type Place = { readonly at: Ready; readonly node: PlanNode; readonly frame: Frame };

/** A step in progress. */
export type Work = {
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

export function work(plan: Plan, state: RunState, options: StepOptions): Work {
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

export const stepOf = ({ draft, facts, effects, more }: Work): Step => ({ state: stateOf(draft), facts, effects, more });

export function placeOf({ plan, draft }: Work, { frame: key, node: index }: Ready): Place {
  const frame = draft.frames.get(key);
  if (frame === undefined) throw new FoldError(`the run has no pass "${key}" under way`);
  return { at: { frame: key, node: index }, node: nodeAt(plan, index), frame };
}

export function record(step: Work, event: RunEvent): void {
  applyEvent(step.plan, step.draft, event);
  step.facts.push(event);
}

export function finish(step: Work, status: RunFinished['data']['status'], error: string | null): void {
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
