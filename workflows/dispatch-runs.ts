import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { BatchWish, Fence } from '../schemas/core.ts';
import {
  countOf,
  LEASE_LOST,
  STORAGE_AWAY,
  type BatchActivities,
  type BatchName,
  type PieceResult,
  type RunCounts,
  type TroubledRun,
} from './batch-activities.ts';
import { detailsOf, poisonedRuns, rateOf, runsOf, summaryOfRuns, type BatchView, type ShardProgress } from './batch-progress.ts';
import { continueOnCurrentBuild } from './continue-on-current-build.ts';
import {
  beginDispatch,
  concludePiece,
  concludePoisoned,
  isComplete,
  isPoisoned,
  nextStart,
  repeatPiece,
  suspectPiece,
  type DispatchRange,
  type DispatchState,
  type Start,
} from './dispatch-runs-window.ts';
import { outliving } from './outliving.ts';
import { priorityOf } from './priority.ts';
import type { RunFlowArgs } from './run-activities.ts';
import { RETRY } from './retry.ts';

export type DispatchArgs = BatchName &
  DispatchRange & {
    readonly fence: Fence;
    readonly runsPerPlace: number;
    /** Runs of the whole batch, for people. */
    readonly totalRuns: number;
    /** Calls in flight of each activity. */
    readonly calls: number;
    /** Which part of the batch this is, told to the parent with its progress. */
    readonly shard: number;
    readonly paused: boolean;
    /** Chunks after which the workflow goes on as a new execution; default: when Temporal suggests it. */
    readonly chunksPerExecution?: number;
    readonly carried?: DispatchState;
    /** How often earlier executions told the parent of their progress. */
    readonly told?: number;
  };

export type DispatchResult = {
  /** `taken-over`: the batch has another owner. */
  readonly status: 'finished' | 'stopped' | 'taken-over';
  readonly counts: RunCounts;
  readonly poisoned: readonly TroubledRun[];
};

const pauseSignal = defineSignal('pause');
const resumeSignal = defineSignal('resume');
const cancelSignal = defineSignal('cancel');
const progressSignal = defineSignal<[ShardProgress]>('progress');
const stateQuery = defineQuery<BatchView>('state');

const storage = proxyLocalActivities<BatchActivities>({ startToCloseTimeout: 30_000, retry: RETRY });
const HEARTBEAT_MS = 10_000;
/** Each run has a limit of its own. */
const PIECE_MS = 24 * 3_600_000;
/**
 * Attempts are used up by workers that die or are stopped in the middle. Storage that is away is waited for within an attempt, and a
 * run that cannot be driven does not end it either.
 */
const ATTEMPTS = 3;
const ATTEMPTS_ALONE = 2;
/** A shard tells its parent how far it is in steps of this part of it: its parent's history must stay short. */
const REPORTS = 50;
/** A signal may not come; what is wished is in storage. */
const LOOK_MS = 30_000;

/**
 * Dispatches the runs of a part of a batch: keeps a window of activities going, each of which works on a chunk of runs. It keeps
 * counters and what is under way, no results: those are in storage.
 *
 * A chunk whose attempts were all ended early is tried again when nothing else is under way, in smaller and smaller parts. A run
 * that is left over is ended as failed, so that it holds up nobody.
 */
export async function dispatchRuns(args: DispatchArgs): Promise<DispatchResult> {
  const dispatch = new Dispatch(args);
  CancellationScope.current().cancelRequested.catch(() => outliving(() => dispatch.cancelled()));
  return CancellationScope.nonCancellable(() => dispatch.toEnd());
}

class Dispatch {
  readonly #args: DispatchArgs;
  #state: DispatchState;
  #wish: BatchWish | null;
  #underWay: readonly Start[] = [];
  #dispatched = 0;
  #ending: 'taken-over' | { readonly error: unknown } | undefined;
  #reported: number;
  #told: number;
  #noting: Promise<unknown> = Promise.resolve();
  #looks = false;

  constructor(args: DispatchArgs) {
    this.#args = args;
    this.#state = args.carried ?? beginDispatch(args, Date.now());
    this.#reported = countOf(this.#state.counts);
    this.#told = args.told ?? 0;
    this.#wish = args.paused ? 'pause' : null;
    setHandler(stateQuery, () => this.#view());
    setHandler(pauseSignal, () => outliving(() => this.#hear('pause')));
    setHandler(resumeSignal, () => outliving(() => this.#hear('resume')));
    setHandler(cancelSignal, () => outliving(() => this.#hear('cancel')));
  }

  async toEnd(): Promise<DispatchResult> {
    this.#fill();
    if (this.#wish === 'pause') void this.#look();
    await condition(() => this.#underWay.length === 0 && (this.#isOver() || this.#isLong()));
    await this.#noting;
    if (!this.#isOver()) {
      await continueOnCurrentBuild<typeof dispatchRuns>({
        ...this.#args,
        paused: this.#wish === 'pause',
        carried: this.#state,
        told: this.#told,
      });
    }
    await this.#report(1);
    const { counts, poisoned } = this.#state;
    if (typeof this.#ending === 'object') throw this.#ending.error;
    return { status: this.#ending ?? (this.#wish === 'cancel' ? 'stopped' : 'finished'), counts, poisoned };
  }

  /** Somebody cancelled it in Temporal, which storage does not know yet. */
  cancelled(): void {
    const { workspaceId, kind, id } = this.#args;
    this.#noting = storage.noteWish({ workspaceId, kind, id, wish: 'cancel', reason: 'the workflow was cancelled in Temporal' });
    this.#noting.catch(() => undefined);
    this.#hear('cancel');
  }

  async #look(): Promise<void> {
    if (this.#looks) return;
    this.#looks = true;
    const { workspaceId, kind, id } = this.#args;
    while (this.#wish === 'pause' && !this.#isOver()) {
      await sleep(LOOK_MS, { summary: 'looks whether it is still to be paused' });
      const wish = this.#wish === 'pause' ? await storage.readWish({ workspaceId, kind, id }) : null;
      if (wish !== null && this.#wish === 'pause') this.#hear(wish);
    }
    this.#looks = false;
  }

  /** A wish to cancel is final. */
  #hear(wish: BatchWish | null): void {
    if (this.#wish === 'cancel') return;
    const wasPaused = this.#wish === 'pause';
    this.#wish = wish;
    this.#fill();
    if (wasPaused !== (wish === 'pause')) void this.#report(0);
    if (wish === 'pause') void this.#look();
  }

  #isOver(): boolean {
    return this.#ending !== undefined || this.#wish === 'cancel' || isComplete(this.#args, this.#state);
  }

  #isLong(): boolean {
    return workflowInfo().continueAsNewSuggested || this.#dispatched >= (this.#args.chunksPerExecution ?? Infinity);
  }

  #fill(): void {
    while (this.#ending === undefined && this.#wish !== 'pause' && this.#wish !== 'cancel' && !this.#isLong()) {
      const next = nextStart(
        this.#args,
        this.#state,
        this.#underWay.map(({ piece }) => piece),
      );
      if (next === undefined) break;
      this.#state = next.state;
      this.#underWay = [...this.#underWay, next.start];
      this.#dispatched++;
      void this.#work(next.start);
    }
    setCurrentDetails(detailsOf(this.#view()));
  }

  async #work(start: Start): Promise<void> {
    try {
      await this.#attempt(start);
    } catch (error) {
      this.#ending ??= hasType(error, LEASE_LOST) ? 'taken-over' : { error };
    }
    this.#underWay = this.#underWay.filter((other) => other !== start);
    this.#fill();
    // Nothing follows what a paused shard ends: else it would be shown as under way for as long as the pause.
    await this.#report(this.#wish === 'pause' ? 0 : Math.ceil(this.#runs() / REPORTS));
  }

  async #attempt(start: Start): Promise<void> {
    const { piece, alone } = start;
    const { workspaceId, kind, id, fence, runsPerPlace, totalRuns, calls } = this.#args;
    const activities = proxyActivities<BatchActivities>({
      summary: `${summaryOfRuns(runsOf(piece, runsPerPlace), totalRuns)}${alone ? ', alone' : ''}`,
      startToCloseTimeout: PIECE_MS,
      heartbeatTimeout: HEARTBEAT_MS,
      retry: { ...RETRY, maximumAttempts: alone ? ATTEMPTS_ALONE : ATTEMPTS },
      priority: { priorityKey: priorityOf('batch') },
    });
    const of = { workspaceId, kind, id, fence, piece };
    let result: PieceResult;
    try {
      result = await activities.performRuns({ ...of, calls });
    } catch (error) {
      if (hasType(error, STORAGE_AWAY)) {
        this.#state = repeatPiece(this.#state, start);
        return;
      }
      if (!isEndedEarly(error)) throw error;
      if (isPoisoned(start)) await this.#giveUp(start, wordsOf(error));
      else this.#state = suspectPiece(this.#state, start);
      return;
    }
    const [troubled] = result.troubled;
    if (troubled !== undefined && result.status === 'done' && isPoisoned(start)) {
      await this.#giveUp(start, troubled.error);
      return;
    }
    for (const run of result.handedOver) await handOver(run);
    this.#state = concludePiece(this.#state, piece, result);
    // Somebody has noted a wish of which no signal came yet, or which a later one has taken back.
    if (result.status !== 'done') this.#hear(await storage.readWish({ workspaceId, kind, id }));
  }

  async #giveUp({ piece }: Start, why: string): Promise<void> {
    const { workspaceId, kind, id, fence } = this.#args;
    const error = `the run was given up, as it could not be driven: ${why}`;
    const counts = await proxyActivities<BatchActivities>({
      summary: `gives up run ${runsOf(piece, this.#args.runsPerPlace)[0]}`,
      startToCloseTimeout: PIECE_MS,
      heartbeatTimeout: HEARTBEAT_MS,
      retry: RETRY,
    }).failRuns({ workspaceId, kind, id, fence, piece, error });
    this.#state = concludePoisoned(this.#state, { place: piece.from, error: why }, counts);
  }

  readonly #runs = (): number => (this.#args.to - this.#args.from) * this.#args.runsPerPlace;

  #view(): BatchView {
    const { runsPerPlace } = this.#args;
    const { counts, startedAt, poisoned } = this.#state;
    return {
      phase: this.#phase(),
      total: this.#runs(),
      counts,
      perSecond: rateOf(counts, { startedAt, now: Date.now() }),
      underWay: this.#underWay.map(({ piece }) => runsOf(piece, runsPerPlace)),
      poisoned: poisonedRuns(poisoned, runsPerPlace),
    };
  }

  #phase(): BatchView['phase'] {
    if (this.#isOver() && this.#underWay.length === 0) return 'over';
    // Nothing is left to begin from the last portions on, which is no stop.
    if (this.#ending !== undefined || this.#wish === 'cancel') return 'stopping';
    return this.#wish === 'pause' ? 'paused' : 'running';
  }

  /** Tells the parent when at least `step` runs are over since it was told. */
  async #report(step: number): Promise<void> {
    const { parent } = workflowInfo();
    const { counts } = this.#state;
    const done = countOf(counts);
    if (parent === undefined || done - this.#reported < step) return;
    this.#reported = done;
    this.#told++;
    const { underWay } = this.#view();
    try {
      await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(progressSignal, {
        shard: this.#args.shard,
        counts,
        underWay,
        paused: this.#wish === 'pause',
        nth: this.#told,
      });
    } catch {
      // It only shows it; the result tells it again.
    }
  }
}

/** A workflow of its own goes on with a run that waits. It outlives this one. */
async function handOver(run: RunFlowArgs): Promise<void> {
  try {
    await startChild('runFlow', {
      workflowId: `${run.workspaceId}/run/${run.runId}`,
      args: [run],
      parentClosePolicy: 'ABANDON',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      priority: { priorityKey: priorityOf('batch') },
    });
  } catch (error) {
    // An earlier attempt handed it over.
    if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
  }
}

/** Not what the activity says of itself as final, but that no attempt of it came to its end. */
function isEndedEarly(error: unknown): boolean {
  return error instanceof ActivityFailure && !(error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true);
}

const wordsOf = (error: unknown): string =>
  error instanceof ActivityFailure && error.cause instanceof Error && error.cause instanceof ApplicationFailure
    ? error.cause.message
    : 'whichever worker took it gave no more sign of life';

export const hasType = (error: unknown, type: string): boolean =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === type;
