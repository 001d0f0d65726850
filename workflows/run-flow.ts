import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { interpreterOf, knownVersions, type Interpreter, type Plan, type Step } from '../flow/core.ts';
import type { Effect, Fence, RunEvent } from '../schemas/core.ts';
import { activitySummary } from './activity-summary.ts';
import { FactWriter, lossOf, LostRun, OtherFacts } from './fact-writer.ts';
import { priorityOf } from './priority.ts';
import { markdownText, ProgressTable } from './progress-table.ts';
import { providerQueue } from './provider-queue.ts';
import type {
  AppendResult,
  EffectToPerform,
  FactsToAppend,
  LoadedPlan,
  PerformedEffect,
  RunActivities,
  RunFlowArgs,
  RunFlowResult,
  RunView,
  TakeResult,
} from './run-activities.ts';
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

/** Kinds that are done within moments: their facts need not be seen before the next ones. */
const QUICK: ReadonlySet<Effect['request']['kind']> = new Set<Effect['request']['kind']>(['code', 'evaluate']);

/** What comes in from outside, one at a time in the order of arrival, which Temporal's history records. */
type Arrival =
  | { readonly kind: 'performed'; readonly asked: EffectToPerform; readonly performed: PerformedEffect }
  | { readonly kind: 'stop'; readonly reason: string }
  /** The run cannot go on, for a reason that is no node's. */
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'error'; readonly error: unknown };

/** In order; promises are dear in workflow code (each takes a stack trace), so there is one for each wait. */
class Arrivals {
  readonly #queue: Arrival[] = [];
  #wake: (() => void) | undefined;

  push(arrival: Arrival): void {
    this.#queue.push(arrival);
    this.#wake?.();
  }

  shift(): Arrival | undefined {
    return this.#queue.shift();
  }

  isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Until something is there. */
  wait(): Promise<void> | undefined {
    return this.isEmpty() ? new Promise((resolve) => (this.#wake = resolve)) : undefined;
  }
}

/** What can be asked and told from outside while a run goes on. */
type Line = {
  readonly arrivals: Arrivals;
  readonly stop: (reason: string) => void;
  /** What an execution that continues this one is told of a stop that was asked for here. */
  readonly stopAsked: () => Pick<RunFlowArgs, 'stop'>;
  readonly show: (view: () => RunView) => void;
};

/**
 * Drives one run to its end on Temporal: the second host of the interpreter, beside runtime/embedded. Both write the same events,
 * in the order in which the interpreter consumed them.
 *
 * It stops on the signal `stop`, on a stop noted in storage, at its time limit, and when it is cancelled in Temporal. A run that has events
 * already, because another owner began it or because Temporal's history became long, goes on from them.
 */
export async function runFlow(args: RunFlowArgs): Promise<RunFlowResult> {
  const line = openLine();
  // Whoever cancels the workflow means the run. Its last facts must still be written, so nothing below is cancelled with it.
  CancellationScope.current().cancelRequested.catch(() => line.stop('the workflow was cancelled in Temporal'));
  return CancellationScope.nonCancellable(async () => {
    const { planVersion, modelMap } = args.started.data;
    const interpreter = interpreterOf(planVersion);
    // Not a failure of the run: the task fails, and another worker that knows the version may take it.
    if (interpreter === undefined) throw new Error(`this worker runs plans of ${knownVersions()}, not of version ${planVersion}`);
    const { workspaceId, runId, flowVersion } = args;
    // The workflow, not a process: see `ownRun`.
    const owner = `temporal/${workflowInfo().firstExecutionRunId}`;
    const { loaded, taken } = await storage.openRun({ workspaceId, runId, flowVersion, planVersion, modelMap, owner });
    const owned = await ownRun({ args, owner, line }, taken);
    const { plan } = loaded;
    if (plan.planVersion !== planVersion)
      throw unsupported(`the run is of plan version ${planVersion}, and its plan of ${plan.planVersion}`);
    const stop = owned.stop ?? args.stop;
    if (stop !== undefined) line.stop(stop);
    return new Drive({ ...loaded, ...owned, args, line, interpreter }).toEnd();
  });
}

const unsupported = (message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, 'unsupported');

function openLine(): Line {
  const arrivals = new Arrivals();
  let asked: string | undefined;
  const stop = (reason: string): void => {
    asked ??= reason;
    arrivals.push({ kind: 'stop', reason });
  };
  let current = (): RunView => STARTING;
  setHandler(stopSignal, stop);
  setHandler(stateQuery, () => current());
  return { arrivals, stop, stopAsked: () => (asked === undefined ? {} : { stop: asked }), show: (view) => (current = view) };
}

/** Temporal's history is long enough for another execution to go on. */
function isLong({ historyLimit }: RunFlowArgs): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return historyLimit === undefined ? continueAsNewSuggested : historyLength >= historyLimit;
}

type Claimant = { readonly args: RunFlowArgs; readonly owner: string; readonly line: Line };

/** `history`: the events the run has so far; empty for a new run. */
type Owned = { readonly fence: Fence; readonly history: readonly RunEvent[]; readonly stop: string | null };

/**
 * Takes the lease of the run, waiting while another owner is alive.
 *
 * The owner is the workflow, not a process: Temporal keeps at most one execution per id going, wherever its workers are, so all of
 * them write for it under one fence, and an activity that is tried again finds the lease its own. Appends renew it, and so does
 * whoever performs an effect. It may lapse all the same (no worker for 10 s). Then it is still ours until somebody else takes
 * it, which raises the fence: from then on every append of this workflow is refused, and it ends as taken over.
 */
async function ownRun({ args, owner, line }: Claimant, first: TakeResult): Promise<Owned> {
  const { workspaceId, runId } = args;
  let taken = first;
  while (taken.status === 'held') {
    setCurrentDetails(`Waits for the lease of the run, which ${markdownText(taken.by)} holds.`);
    await sleep(taken.waitMs, { summary: 'waits for the lease of the run' });
    // The other owner may be at it for days.
    if (isLong(args)) await continueAsNew<typeof runFlow>({ ...args, ...line.stopAsked() });
    taken = await storage.takeRun({ workspaceId, runId, owner });
  }
  const history = [...taken.history.events];
  for (let page = taken.history; page.more; history.push(...page.events)) {
    page = await storage.readHistory({ workspaceId, runId, after: history.length });
  }
  return { fence: taken.fence, history, stop: taken.stop };
}

type DriveOptions = LoadedPlan &
  Omit<Owned, 'stop'> & { readonly args: RunFlowArgs; readonly line: Line; readonly interpreter: Interpreter };

/** One run from its first step, or from where its events end, to its last. */
class Drive {
  readonly #options: DriveOptions;
  readonly #plan: Plan;
  readonly #writer: FactWriter;
  readonly #progress: ProgressTable;
  /** Effects: cancelled as soon as the run is over, so that nothing more is paid for. */
  readonly #outside = new CancellationScope({ cancellable: true });
  /** Waits before an effect, which an execution that continues this one begins again. Most runs have none. */
  #waits: CancellationScope | undefined;
  readonly #limitFrom: number;
  /** Nobody can have performed an effect of the run before. */
  readonly #isFirst: boolean;
  #state: Step['state'];
  /** Effects asked for and not answered yet. */
  #inFlight = 0;
  /** No effect is under way any more, nor the scope of effects. */
  #isOver = false;
  /** Temporal's history is long: no effect begins any more, and another execution goes on. */
  #leaving = false;

  constructor(options: DriveOptions) {
    const { args, plan, fence, history, line, interpreter } = options;
    this.#options = options;
    this.#plan = plan;
    this.#limitFrom = args.limitFrom ?? Date.now();
    // An owner before may have stored results whose facts it did not come to write; so may this workflow before somebody reset it.
    const { runId, firstExecutionRunId } = workflowInfo();
    this.#isFirst = runId === firstExecutionRunId && history.length === 0 && fence.fence === 1;
    const onError = (error: unknown): void => line.arrivals.push({ kind: 'error', error });
    this.#writer = new FactWriter({
      args,
      plan,
      fence,
      written: history.length,
      append: (facts) => this.#append(facts),
      onStop: line.stop,
      onError,
    });
    this.#progress = new ProgressTable(plan);
    this.#progress.note(history);
    this.#state = interpreter.evolve(plan, interpreter.initialState(plan), history);
    line.show(() => viewOf(plan, this.#state));
  }

  async toEnd(): Promise<RunFlowResult> {
    try {
      await this.#outside.run(() => this.#go());
      this.#dropEffects();
      this.#isOver = true;
      const { finished } = this.#state;
      if (finished === null) return await this.#leave();
      await this.#writer.flush(finished.status);
      return { status: 'finished', data: finished };
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error;
      this.#dropEffects();
      if (error instanceof LostRun) return { status: 'taken-over' };
      if (error instanceof OtherFacts) return await this.#beginAnew();
      throw error;
    }
  }

  /** The next execution goes on from what is written, whatever became of this one: its result must be that of the events. */
  async #beginAnew(): Promise<never> {
    await this.#writer.close();
    return this.#leave();
  }

  /** Until the run is over, or another execution is to go on with it. */
  async #go(): Promise<void> {
    const { arrivals } = this.#options.line;
    if (this.#state.finished === null) this.#begin();
    while (this.#state.finished === null) {
      if (arrivals.isEmpty() && this.#leaving && this.#inFlight === 0) {
        await this.#writer.flush('running');
        // Nothing that came in meanwhile may be lost.
        if (arrivals.isEmpty()) return;
      }
      await arrivals.wait();
      const arrival = arrivals.shift();
      if (arrival !== undefined) this.#consume(arrival);
    }
  }

  #dropEffects(): void {
    if (this.#inFlight > 0 || this.#waits !== undefined) this.#outside.cancel();
  }

  #begin(): void {
    const { args, history, interpreter, line } = this.#options;
    if (history.length === 0) this.#happened([args.started]);
    else if (this.#state.paused !== null) this.#happened([{ type: 'RunResumed', data: { at: Date.now() } }]);
    // A stop that came first: nothing is started.
    const early = line.arrivals.shift();
    if (early !== undefined) return this.#consume(early);
    const step = interpreter.advance(this.#plan, this.#state, { now: Date.now() });
    const pending = interpreter.pendingEffects(this.#plan, this.#state, { now: Date.now() });
    this.#take(step, pending);
  }

  /** An event that the host itself adds. */
  #happened(events: readonly RunEvent[]): void {
    this.#state = this.#options.interpreter.evolve(this.#plan, this.#state, events);
    this.#writer.buffer(events);
  }

  #consume(arrival: Arrival): void {
    const { interpreter } = this.#options;
    const now = Date.now();
    switch (arrival.kind) {
      case 'error':
        throw arrival.error;
      case 'stop':
        return this.#take(interpreter.requestStop(this.#plan, this.#state, { now, reason: arrival.reason }));
      case 'broken':
        return this.#take(interpreter.failRun(this.#plan, this.#state, { now, error: arrival.message }));
      case 'performed':
        return this.#consumePerformed(arrival.asked, arrival.performed);
    }
  }

  #consumePerformed({ effect: { effectId }, facts }: EffectToPerform, performed: PerformedEffect): void {
    const { fence, interpreter } = this.#options;
    const now = Date.now();
    if (performed.status === 'taken-over' || performed.status === 'differs') throw lossOf(performed, fence);
    if (facts !== null && performed.written) this.#writer.landed(facts);
    if (performed.status === 'stop') return this.#take(interpreter.requestStop(this.#plan, this.#state, { now, reason: performed.reason }));
    if (!this.#state.running.has(effectId)) return;
    this.#take(interpreter.conclude(this.#plan, this.#state, { now, effectId, result: performed.result }));
    if (this.#state.finished === null && isLong(this.#options.args)) {
      this.#leaving = true;
      this.#waits?.cancel();
    }
  }

  /** Takes over what a step led to: its facts are to be written, its effects to be performed. */
  #take(step: Step, pending: readonly Effect[] = []): void {
    this.#state = step.state;
    this.#writer.buffer(step.facts);
    this.#progress.note(step.facts);
    setCurrentDetails(this.#progress.text(this.#state));
    if (this.#state.finished !== null) return;
    const effects = [...pending, ...step.effects];
    const [only] = effects;
    // The facts that lead to the only effect under way are written by who performs it. All others are written at once, so that the run
    // can be seen, and found when this workflow is lost.
    const rides = only !== undefined && effects.length === 1 && this.#inFlight === 0 && !this.#leaving && this.#beginsNow(only);
    const riding = rides ? this.#writer.ride({ quick: QUICK.has(only.request.kind) }) : null;
    const facts = riding === 'later' ? null : riding;
    for (const effect of effects) this.#perform({ effect, facts, fresh: !pending.includes(effect) });
    if (riding === null) this.#writer.flushSoon();
  }

  /** Whether some worker is likely to perform it at once. */
  #beginsNow(effect: Effect): boolean {
    return effect.delayMs <= LONGEST_DELAY_OUTSIDE_MS && this.#queueOf(effect) === undefined;
  }

  #perform(asked: Pick<EffectToPerform, 'effect' | 'facts' | 'fresh'>): void {
    if (this.#leaving) return;
    const { arrivals, stop } = this.#options.line;
    const { effect } = asked;
    const wait = effect.delayMs > LONGEST_DELAY_OUTSIDE_MS ? effect.delayMs : 0;
    if (wait === 0) return this.#schedule(asked);
    const left = this.#limitLeft();
    this.#waits ??= new CancellationScope({ cancellable: true, parent: this.#outside });
    this.#waits
      .run(() => sleep(Math.min(wait, left), { summary: activitySummary(effect.title) }))
      .then(
        () => {
          if (wait >= left) stop(this.#tooLong());
          else if (!this.#leaving) this.#schedule({ ...asked, effect: { ...effect, delayMs: 0 } });
        },
        (error: unknown) => {
          if (!isCancellation(error)) arrivals.push({ kind: 'error', error });
        },
      );
  }

  #schedule({ effect, facts, fresh }: Pick<EffectToPerform, 'effect' | 'facts' | 'fresh'>): void {
    const { args, fence, effectAttempts, line } = this.#options;
    const taskQueue = this.#queueOf(effect);
    const { performEffect } = proxyActivities<RunActivities>({
      summary: activitySummary(effect.title),
      // The time limit of the run needs no timer of its own: whatever is waited for ends with it.
      scheduleToCloseTimeout: this.#limitLeft(),
      heartbeatTimeout: EFFECT_HEARTBEAT_MS,
      cancellationType: 'TRY_CANCEL',
      retry: { ...RETRY, maximumAttempts: effectAttempts },
      priority: { priorityKey: priorityOf(args.started.data.mode) },
      ...(taskQueue === undefined ? {} : { taskQueue }),
    });
    const asked: EffectToPerform = { workspaceId: args.workspaceId, fence, effect, facts, fresh: fresh && this.#isFirst };
    this.#inFlight++;
    const arrive = (arrival: Arrival): void => {
      this.#inFlight--;
      line.arrivals.push(arrival);
    };
    performEffect(asked).then(
      (performed) => arrive({ kind: 'performed', asked, performed }),
      (error: unknown) => arrive(this.#failureOf(error, effect)),
    );
  }

  #queueOf({ request }: Effect): string | undefined {
    if (request.kind !== 'llm' && request.kind !== 'question-classifier') return undefined;
    const { limited } = this.#options;
    const { provider } = request.model;
    const name = Object.hasOwn(limited, provider) ? limited[provider] : undefined;
    return name === undefined ? undefined : providerQueue(workflowInfo().taskQueue, name);
  }

  /** What an effect that could not be performed means for the run. */
  #failureOf(error: unknown, { title }: Effect): Arrival {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) return { kind: 'error', error };
    const { cause } = error;
    if (cause instanceof TimeoutFailure && cause.timeoutType !== 'HEARTBEAT') return { kind: 'stop', reason: this.#tooLong() };
    const { effectAttempts } = this.#options;
    const why = cause instanceof TimeoutFailure ? 'its worker gave no sign of life' : (cause?.message ?? error.message);
    const how =
      error.retryState === 'MAXIMUM_ATTEMPTS_REACHED'
        ? ` (tried ${effectAttempts} times, limit temporal.effectAttempts)`
        : error.retryState === 'TIMEOUT'
          ? ` (tried until the time limit of the run, runTimeoutMs)`
          : '';
    return { kind: 'broken', message: `node "${title}" could not be performed: ${why}${how}` };
  }

  /** Milliseconds until the time limit of the run. */
  #limitLeft(): number {
    return Math.max(1, this.#limitFrom + this.#options.args.timeoutMs - Date.now());
  }

  #tooLong(): string {
    return `the run took longer than ${this.#options.args.timeoutMs} ms (limit runTimeoutMs)`;
  }

  /** Another execution goes on from the events. */
  #leave(): Promise<never> {
    const { args, line } = this.#options;
    return continueAsNew<typeof runFlow>({ ...args, limitFrom: this.#limitFrom, ...line.stopAsked() });
  }

  /** What is written must be written, also when the effects beside it are dropped. */
  #append(facts: FactsToAppend): Promise<AppendResult> {
    if (this.#isOver) return storage.appendFacts(facts);
    return CancellationScope.nonCancellable(() => storage.appendFacts(facts));
  }
}
