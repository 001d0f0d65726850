import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { advance, conclude, evolve, initialState, pendingEffects, requestStop, type Plan, type Step } from '../flow/core.ts';
import { PLAN_VERSION, type Effect, type EffectResult, type Fence, type RunEvent } from '../schemas/core.ts';
import { activitySummary } from './activity-summary.ts';
import { FactWriter, LostRun } from './fact-writer.ts';
import type { RunActivities, RunFlowArgs, RunFlowResult, RunView } from './run-activities.ts';
import { STARTING, viewOf } from './run-view.ts';

const stopSignal = defineSignal<[reason: string]>('stop');
const stateQuery = defineQuery<RunView>('state');

// Storage that is away comes back: tried until then. A broken contract is not tried again, and fails the workflow.
const RETRY = { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 10_000 } as const;
// Local: they last milliseconds, are safe to repeat, and so need no task of their own on the server: one event each, not three.
const storage = proxyLocalActivities<RunActivities>({ startToCloseTimeout: 30_000, retry: RETRY });
/** A worker that gives no sign of life for this long is taken for dead, and the effect is performed by another. */
const EFFECT_HEARTBEAT_MS = 10_000;
/** Timers of the server come up to a second late: a short delay is left to the executor, a long one must not hold its slot. */
const LONGEST_DELAY_OUTSIDE_MS = 2_000;

/** What comes in from outside, one at a time in the order of arrival, which Temporal's history records. */
type Arrival =
  | { readonly kind: 'result'; readonly effectId: string; readonly result: EffectResult }
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'error'; readonly error: unknown };

/** What can be asked and told from outside while a run goes on. */
type Line = { readonly arrivals: Arrival[]; readonly stop: (reason: string) => void; readonly show: (view: () => RunView) => void };

/**
 * Drives one run to its end on Temporal: the second host of the interpreter, beside runtime/embedded. Both write the same events,
 * in the order in which the interpreter consumed them.
 *
 * It stops on the signal `stop`, on a stop noted in storage, at its time limit, and when it is cancelled in Temporal.
 */
export async function runFlow(args: RunFlowArgs): Promise<RunFlowResult> {
  const line = openLine();
  // Whoever cancels the workflow means the run. Its last facts must still be written, so nothing below is cancelled with it.
  CancellationScope.current().cancelRequested.catch(() => line.stop('the workflow was cancelled in Temporal'));
  return CancellationScope.nonCancellable(async () => {
    const { workspaceId, flowVersion } = args;
    const [plan, owned] = await Promise.all([storage.loadPlan({ workspaceId, flowVersion }), ownRun(args)]);
    checkVersion(plan, args);
    return driveRun({ args, plan, line, ...owned });
  });
}

function openLine(): Line {
  const arrivals: Arrival[] = [];
  const stop = (reason: string): void => void arrivals.push({ kind: 'stop', reason });
  let current = (): RunView => STARTING;
  setHandler(stopSignal, stop);
  setHandler(stateQuery, () => current());
  return { arrivals, stop, show: (view) => (current = view) };
}

/** `history`: the events the run has so far; empty for a new run. */
type Owned = { readonly fence: Fence; readonly history: readonly RunEvent[] };

/**
 * Takes the lease of the run, waiting while another owner is alive.
 *
 * The owner is the workflow, not a process: Temporal keeps at most one execution per id going, wherever its workers are, so all of
 * them write for it under one fence, and an activity that is tried again finds the lease its own. Appends renew it, and so does
 * whoever performs an effect. It may lapse all the same (no worker for 10 s). Then it is still ours until somebody else takes
 * it, which raises the fence: from then on every append of this workflow is refused, and it ends as taken over.
 */
async function ownRun({ workspaceId, runId }: RunFlowArgs): Promise<Owned> {
  const owner = `temporal/${workflowInfo().firstExecutionRunId}`;
  for (;;) {
    const taken = await storage.takeRun({ workspaceId, runId, owner });
    if (taken.status === 'taken') {
      const history = [...taken.history.events];
      for (let page = taken.history; page.more; history.push(...page.events)) {
        page = await storage.readHistory({ workspaceId, runId, after: history.length });
      }
      return { fence: taken.fence, history };
    }
    setCurrentDetails(`Waits for the lease of the run, which ${taken.by} holds.`);
    await sleep(taken.waitMs, { summary: 'waits for the lease of the run' });
  }
}

function checkVersion(plan: Plan, { started }: RunFlowArgs): void {
  if (plan.planVersion === PLAN_VERSION && started.data.planVersion === PLAN_VERSION) return;
  const versions = `${plan.planVersion} (plan) and ${started.data.planVersion} (run)`;
  throw ApplicationFailure.nonRetryable(`this worker runs plans of version ${PLAN_VERSION}, not ${versions}`, 'unsupported');
}

type Drive = Owned & { readonly args: RunFlowArgs; readonly plan: Plan; readonly line: Line };

async function driveRun(drive: Drive): Promise<RunFlowResult> {
  const { args, plan, fence, history, line } = drive;
  const { arrivals, stop } = line;
  // Effects and the time limit: cancelled as soon as the run is over, so that nothing more is paid for.
  const outside = new CancellationScope({ cancellable: true });
  const onError = (error: unknown): void => void arrivals.push({ kind: 'error', error });
  const writer = new FactWriter({ args, plan, fence, written: history.length, append: storage.appendFacts, onStop: stop, onError });
  let state = evolve(plan, initialState(plan), history);
  line.show(() => viewOf(plan, state));
  if (state.finished !== null) return { status: 'finished', data: state.finished };
  const perform = (effect: Effect): void => {
    const push = (result: EffectResult): void => void arrivals.push({ kind: 'result', effectId: effect.effectId, result });
    outside.run(() => performEffect(effect, drive)).then(push, onError);
  };
  const take = (step: Step): void => {
    state = step.state;
    writer.buffer(step.facts);
    for (const effect of step.effects) perform(effect);
  };
  const consume = (arrival: Arrival): void => {
    const now = Date.now();
    if (arrival.kind === 'error') throw arrival.error;
    if (arrival.kind === 'stop') take(requestStop(plan, state, { now, reason: arrival.reason }));
    else if (state.running.has(arrival.effectId)) {
      take(conclude(plan, state, { now, effectId: arrival.effectId, result: arrival.result }));
      if (state.finished === null) writer.flushSoon();
    }
  };
  try {
    if (history.length === 0) {
      state = evolve(plan, state, [args.started]);
      writer.buffer([args.started]);
    }
    // A stop that came first: nothing is started.
    const early = arrivals.shift();
    if (early !== undefined) consume(early);
    else {
      for (const effect of pendingEffects(plan, state)) perform(effect);
      take(advance(plan, state, { now: Date.now() }));
    }
    if (state.finished === null) {
      // Written before the first result, so that the run can be seen, and found when this workflow is lost.
      writer.flushSoon();
      outside.run(() => sleep(args.timeoutMs, { summary: 'time limit of the run' })).then(() => stop(tooLong(args)), ignore);
    }
    while (state.finished === null) {
      await condition(() => arrivals.length > 0);
      const arrival = arrivals.shift();
      if (arrival !== undefined) consume(arrival);
    }
    outside.cancel();
    await writer.flush(state.finished.status);
    return { status: 'finished', data: state.finished };
  } catch (error) {
    outside.cancel();
    if (error instanceof LostRun || isLeaseLost(error)) return { status: 'taken-over' };
    throw error;
  }
}

async function performEffect(effect: Effect, { args, fence }: Drive): Promise<EffectResult> {
  const summary = activitySummary(effect.title);
  const waits = effect.delayMs > LONGEST_DELAY_OUTSIDE_MS;
  if (waits) await sleep(effect.delayMs, { summary });
  const activities = proxyActivities<RunActivities>({
    summary,
    startToCloseTimeout: args.timeoutMs,
    heartbeatTimeout: EFFECT_HEARTBEAT_MS,
    cancellationType: 'TRY_CANCEL',
    retry: RETRY,
  });
  return activities.performEffect({ workspaceId: args.workspaceId, fence, effect: waits ? { ...effect, delayMs: 0 } : effect });
}

const tooLong = ({ timeoutMs }: RunFlowArgs): string => `the run took longer than ${timeoutMs} ms (limit runTimeoutMs)`;
const ignore = (): void => undefined;

const isLeaseLost = (error: unknown): boolean =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === 'LeaseLost';
