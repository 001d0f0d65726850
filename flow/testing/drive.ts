import {
  decodeValue,
  encodeValue,
  encodeValues,
  NO_USAGE,
  PLAN_VERSION,
  type Effect,
  type EffectResult,
  type Json,
  type Pin,
  type RunEvent,
  type RunStarted,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import { advance, conclude, evolve, initialState, pendingEffects, type Plan, type RunState, type Step } from '../core.ts';

export type Answer = (effect: Effect) => EffectResult;
export type DriveOptions = {
  readonly inputs?: Values;
  readonly pins?: Readonly<Record<string, Pin>>;
  readonly system?: Values;
  readonly environment?: Json;
  readonly answer?: Answer;
  /** Which of the effects under way finishes next: an index below the given number. Default: the first. */
  readonly next?: (waiting: number) => number;
  /** Events a former owner wrote. */
  readonly history?: readonly RunEvent[];
};
export type Driven = { readonly events: readonly RunEvent[]; readonly state: RunState; readonly performed: readonly string[] };

export const succeed = (outputs: Readonly<Record<string, Value>>): EffectResult => ({
  status: 'succeeded',
  outputs: encodeValue(new Map(Object.entries(outputs))),
  usage: NO_USAGE,
  elapsedMs: 1,
  reused: false,
});

export const fail = (message: string, type = 'TestError'): EffectResult => ({
  status: 'failed',
  error: { message, type, retryable: true },
  usage: NO_USAGE,
  elapsedMs: 1,
  reused: false,
});

/** Pinned results are given; everything else must be answered by the test. */
export const answerPins: Answer = (effect) => {
  if (effect.request.kind !== 'pinned') throw new Error(`the test answers no ${effect.request.kind} effect`);
  const { pin } = effect.request;
  if ('error' in pin) return fail(pin.error, pin.errorType);
  const outputs = decodeValue(pin.outputs);
  return succeed(outputs instanceof Map ? Object.fromEntries(outputs as ReadonlyMap<string, Value>) : {});
};

export function startedEvent(plan: Plan, options: DriveOptions): RunStarted {
  return {
    type: 'RunStarted',
    data: {
      runId: 'run-1',
      planVersion: PLAN_VERSION,
      flow: plan.flow,
      flowVersion: plan.flowVersion,
      mode: 'manual',
      origin: { kind: 'manual' },
      inputs: encodeValues(options.inputs ?? new Map()),
      system: encodeValues(options.system ?? new Map()),
      environment: options.environment ?? {},
      pins: options.pins ?? {},
      modelMap: {},
      at: 0,
    },
  };
}

/** A host without storage or time: runs a plan to its end, each effect answered at once, in the order that `next` chooses. Asks for content keys. */
export function drive(plan: Plan, options: DriveOptions = {}): Driven {
  const answer = options.answer ?? answerPins;
  const history = options.history ?? [];
  const started = startedEvent(plan, options);
  const events: RunEvent[] = history.length > 0 ? [...history] : [started];
  const performed: string[] = [];
  let clock = events.length;
  let state = evolve(plan, initialState(plan), events);
  const waiting: Effect[] = history.length > 0 ? [...pendingEffects(plan, state, { now: clock })] : [];
  const take = (step: Step): void => {
    state = step.state;
    events.push(...step.facts);
    waiting.push(...step.effects);
  };
  take(advance(plan, state, { now: ++clock, contentKeys: true }));
  while (state.finished === null) {
    const at = options.next?.(waiting.length) ?? 0;
    const [effect] = waiting.splice(at, 1);
    if (effect === undefined) throw new Error('the run waits for nothing and is not finished');
    performed.push(effect.effectId);
    take(conclude(plan, state, { now: ++clock, contentKeys: true, effectId: effect.effectId, result: answer(effect) }));
  }
  return { events, state, performed };
}

/** Status and outputs of a driven run, decoded. */
export function outcomeOf(driven: Driven): {
  readonly status: string;
  readonly outputs: Value;
  readonly exceptions: number;
  readonly error: string | null;
} {
  const finished = driven.state.finished;
  if (finished === null) throw new Error('the run is not finished');
  return { status: finished.status, outputs: decodeValue(finished.outputs), exceptions: finished.exceptionsCount, error: finished.error };
}
