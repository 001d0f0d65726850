import {
  ActivityFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  sleep,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Effect, Fence } from '../schemas/core.ts';
import { activitySummary } from './activity-summary.ts';
import type { Arrival } from './arrivals.ts';
import { priorityOf } from './priority.ts';
import { providerQueue } from './provider-queue.ts';
import type { EffectToPerform, LoadedPlan, RunActivities, RunFlowArgs } from './run-activities.ts';
import type { RunLine } from './run-line.ts';
import { RETRY } from './retry.ts';

/** A worker that gives no sign of life for this long is taken for dead, and the effect is performed by another. */
const EFFECT_HEARTBEAT_MS = 10_000;
/** Timers of the server come up to a second late: a short delay is left to the executor, a long one must not hold its slot. */
const LONGEST_DELAY_OUTSIDE_MS = 2_000;

export type RunEffectsOptions = Pick<LoadedPlan, 'limited' | 'effectAttempts'> & {
  readonly args: RunFlowArgs;
  readonly fence: Fence;
  readonly line: RunLine;
  /** When the time limit of the run began to count; milliseconds since 1970. */
  readonly limitFrom: number;
};

type AskedEffect = Pick<EffectToPerform, 'effect' | 'facts' | 'fresh'>;

/** The effects of a run that are under way: each an activity, on the queue of its provider where that has one. */
export class RunEffects {
  readonly #options: RunEffectsOptions;
  /** Cancelled as soon as the run is over, so that nothing more is paid for. */
  readonly #outside = new CancellationScope({ cancellable: true });
  /** Waits before an effect, which an execution that continues this one begins again. Most runs have none. */
  #waits: CancellationScope | undefined;
  #inFlight = 0;
  /** When the time limit began to count: it does not while people are waited for. */
  #limitFrom: number;
  #leaving = false;

  constructor(options: RunEffectsOptions) {
    this.#options = options;
    this.#limitFrom = options.limitFrom;
  }

  get limitFrom(): number {
    return this.#limitFrom;
  }

  /** So much of the time limit was not used up. */
  extend(ms: number): void {
    this.#limitFrom += ms;
  }

  /** Calls back after a pause, unless the run is over or another execution goes on with it before. */
  after(ms: number, then: () => void): { readonly cancel: () => void } {
    const { arrivals } = this.#options.line;
    this.#waits ??= new CancellationScope({ cancellable: true, parent: this.#outside });
    const timer = new CancellationScope({ cancellable: true, parent: this.#waits });
    timer
      .run(() => sleep(ms, { summary: 'an answer' }))
      .then(then, (error: unknown) => {
        if (!isCancellation(error)) arrivals.push({ kind: 'error', error });
      });
    return timer;
  }

  /** Asked for and not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** What begins effects runs in here. */
  within<T>(task: () => Promise<T>): Promise<T> {
    return this.#outside.run(task);
  }

  /** No effect begins any more; those under way go on. */
  leave(): void {
    this.#leaving = true;
    this.#waits?.cancel();
  }

  get isLeaving(): boolean {
    return this.#leaving;
  }

  /** What is under way is no longer wanted. */
  drop(): void {
    if (this.#inFlight > 0 || this.#waits !== undefined) this.#outside.cancel();
  }

  /** Whether some worker is likely to perform it at once. */
  beginsNow(effect: Effect): boolean {
    return effect.delayMs <= LONGEST_DELAY_OUTSIDE_MS && this.#queueOf(effect) === undefined;
  }

  /** Performs it, after its delay; what comes of it arrives on the line. */
  perform(asked: AskedEffect): void {
    if (this.#leaving) return;
    const { effect } = asked;
    const { arrivals, stop } = this.#options.line;
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

  #schedule({ effect, facts, fresh }: AskedEffect): void {
    const { args, fence, effectAttempts, line } = this.#options;
    const taskQueue = this.#queueOf(effect);
    const { performEffect } = proxyActivities<RunActivities>({
      summary: activitySummary(effect.title),
      // The time limit of the run needs no timer of its own: whatever is waited for ends with it.
      scheduleToCloseTimeout: this.#limitLeft(),
      heartbeatTimeout: EFFECT_HEARTBEAT_MS,
      cancellationType: 'TRY_CANCEL',
      // Every second attempt only puts off the next (runtime/temporal/scattered-retries.ts): twice as many, growing half as fast.
      retry: { ...RETRY, backoffCoefficient: Math.SQRT2, maximumAttempts: 2 * effectAttempts - 1 },
      priority: { priorityKey: priorityOf(args.started.data.mode) },
      ...(taskQueue === undefined ? {} : { taskQueue }),
    });
    const asked: EffectToPerform = { workspaceId: args.workspaceId, fence, effect, facts, fresh };
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
}
