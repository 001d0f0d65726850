import {
  CancellationScope,
  defineQuery,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { BatchWish, Fence } from '../schemas/core.ts';
import {
  addCounts,
  batchResource,
  LEASE_LOST,
  NO_RUNS,
  type BatchActivities,
  type BatchName,
  type BatchShape,
  type RunCounts,
  type TroubledRun,
} from './batch-activities.ts';
import { detailsOf, poisonedRuns, rateOf, withProgress, type BatchPhase, type BatchView, type ShardProgress } from './batch-progress.ts';
import { spreadRuns, type SpreadWishes } from './batch-shards.ts';
import { continueOnCurrentBuild } from './continue-on-current-build.ts';
import { hasType, type dispatchRuns, type DispatchResult } from './dispatch-runs.ts';
import { outliving } from './outliving.ts';
import { priorityOf } from './priority.ts';
import { RETRY } from './retry.ts';

export type BatchArgs = BatchName & {
  readonly spread?: SpreadWishes;
  readonly chunksPerExecution?: number;
  /** The search attribute that gets the verdict, where the namespace knows it. */
  readonly verdictAttribute?: string;
};

export type BatchResult = {
  readonly status: 'finished' | 'stopped' | 'taken-over';
  readonly counts: RunCounts;
  readonly verdict: string | null;
  readonly poisoned: readonly TroubledRun[];
};

/** `noted`: storage knows it already, which it does unless a person sends the signal in Temporal's UI. */
const pauseSignal = defineSignal<[noted?: boolean]>('pause');
const resumeSignal = defineSignal<[noted?: boolean]>('resume');
const cancelSignal = defineSignal<[noted?: boolean]>('cancel');
const progressSignal = defineSignal<[ShardProgress]>('progress');
const stateQuery = defineQuery<BatchView>('state');

const storage = proxyLocalActivities<BatchActivities>({ startToCloseTimeout: 30_000, retry: RETRY });

/**
 * Owns a batch from its first run to its end: takes its lease, cuts it into shards, each dispatched by a child of its own, and closes
 * it when all runs are over. The lease is the workflow's, not a process's, as with `runFlow`.
 */
export const superviseBatch = (args: BatchArgs): Promise<BatchResult> => {
  const supervisor = new Supervisor(args);
  CancellationScope.current().cancelRequested.catch(() => outliving(() => supervisor.hear('cancel')));
  return CancellationScope.nonCancellable(() => supervisor.run());
};

type Opened = { readonly fence: Fence; readonly shape: BatchShape };

class Supervisor {
  readonly #args: BatchArgs;
  readonly #name: BatchName;
  readonly #startedAt = Date.now();
  #wish: BatchWish | null = null;
  #phase: BatchPhase = 'starting';
  #total = 0;
  #children: readonly ChildWorkflowHandle<typeof dispatchRuns>[] = [];
  #shards: ReadonlyMap<number, ShardProgress> = new Map();
  #noting: Promise<unknown> = Promise.resolve();
  #poisoned: BatchView['poisoned'] = [];

  constructor(args: BatchArgs) {
    const { workspaceId, kind, id } = args;
    this.#args = args;
    this.#name = { workspaceId, kind, id };
    setHandler(stateQuery, () => this.#view());
    setHandler(pauseSignal, (noted) => outliving(() => this.hear('pause', noted)));
    setHandler(resumeSignal, (noted) => outliving(() => this.hear('resume', noted)));
    setHandler(cancelSignal, (noted) => outliving(() => this.hear('cancel', noted)));
    setHandler(progressSignal, (told) => this.#progress(told));
  }

  /** The fact comes first: what is under way looks for it in storage. */
  hear(wish: BatchWish, noted = false): void {
    if (this.#wish === 'cancel') return;
    this.#wish = wish;
    // Noted again it might come after, and undo, what somebody wished meanwhile.
    if (!noted) {
      this.#noting = Promise.all([this.#noting, storage.noteWish({ ...this.#name, wish, reason: 'asked for in Temporal' })]);
      this.#noting.catch(() => undefined);
    }
    void this.#forward();
    this.#show();
  }

  async run(): Promise<BatchResult> {
    const result = await this.#toEnd();
    await this.#noting;
    return result;
  }

  async #toEnd(): Promise<BatchResult> {
    const opened = await this.#open();
    if ('verdict' in opened) return { status: 'finished', counts: NO_RUNS, poisoned: [], verdict: opened.verdict };
    const { fence, shape } = opened;
    this.#total = shape.places * shape.runsPerPlace;
    const results = this.#wish === 'cancel' ? [] : await this.#dispatch(opened);
    const counts = results.reduce((sum, result) => addCounts(sum, result.counts), NO_RUNS);
    const poisoned = results.flatMap((result) => result.poisoned);
    this.#poisoned = poisonedRuns(poisoned, shape.runsPerPlace);
    const unfinished = results.find(({ status }) => status !== 'finished');
    if (this.#wish === 'cancel' || unfinished !== undefined) {
      this.#enter('over');
      return { status: unfinished?.status ?? 'stopped', counts, poisoned, verdict: null };
    }
    this.#enter('judging');
    const verdict = await this.#close(fence, counts);
    this.#enter('over');
    return { status: verdict === undefined ? 'taken-over' : 'finished', counts, poisoned, verdict: verdict ?? null };
  }

  async #open(): Promise<Opened | { readonly verdict: string | null }> {
    const owner = `temporal/${workflowInfo().firstExecutionRunId}`;
    const activities = proxyActivities<BatchActivities>({
      summary: `takes ${batchResource(this.#args)}`,
      startToCloseTimeout: 600_000,
      retry: RETRY,
    });
    for (;;) {
      const opened = await activities.openBatch({ ...this.#name, owner });
      if (opened.status === 'over') return { verdict: opened.verdict };
      if (opened.status === 'taken') {
        if (this.#wish === null && opened.wish !== null) this.#wish = opened.wish;
        return opened;
      }
      if (workflowInfo().continueAsNewSuggested) {
        await this.#noting;
        await continueOnCurrentBuild<typeof superviseBatch>(this.#args);
      }
      setCurrentDetails(`Waits for the lease, which ${opened.by} holds.`);
      await sleep(opened.waitMs, { summary: 'waits for the lease of the batch' });
    }
  }

  async #dispatch({ fence, shape }: Opened): Promise<readonly DispatchResult[]> {
    const { spread, chunksPerExecution } = this.#args;
    const { shards, calls } = spreadRuns(shape, spread);
    this.#enter('running');
    const { runsPerPlace } = shape;
    const priority = { priorityKey: priorityOf('batch') };
    for (const [shard, range] of shards.entries()) {
      const child = await startChild<typeof dispatchRuns>('dispatchRuns', {
        workflowId: `${workflowInfo().workflowId}/shard-${shard}`,
        args: [
          {
            ...this.#name,
            ...range,
            fence,
            shard,
            calls,
            runsPerPlace,
            totalRuns: this.#total,
            paused: this.#wish === 'pause',
            ...(chunksPerExecution === undefined ? {} : { chunksPerExecution }),
          },
        ],
        staticSummary: `shard ${shard + 1} of ${shards.length}: ${shape.title}`,
        priority,
      });
      this.#children = [...this.#children, child];
    }
    // What came while they were being started reached some of them only.
    await this.#forward();
    return Promise.all(
      this.#children.map(async (child, shard) => {
        const result = await child.result();
        // What it told last may have come to nobody.
        this.#progress({ shard, counts: result.counts, underWay: [], nth: Infinity });
        return result;
      }),
    );
  }

  #progress(told: ShardProgress): void {
    const wasPaused = this.#shards.get(told.shard)?.paused ?? false;
    this.#shards = withProgress(this.#shards, told);
    const paused = this.#shards.get(told.shard)?.paused ?? false;
    // It may have heard of it in storage only.
    if (paused !== wasPaused && this.#wish !== 'cancel') this.#wish = paused ? 'pause' : null;
    this.#show();
  }

  async #forward(): Promise<void> {
    const wish = this.#wish;
    if (wish === null) return;
    await Promise.all(
      this.#children.map(async (child) => {
        try {
          await child.signal(wish);
        } catch {
          // It is over.
        }
      }),
    );
  }

  /** Undefined when somebody else has the batch. */
  async #close(fence: Fence, counts: RunCounts): Promise<string | null | undefined> {
    const { verdictAttribute } = this.#args;
    const activities = proxyActivities<BatchActivities>({
      summary: this.#args.kind === 'evaluation' ? 'judges the results' : 'notes the end',
      startToCloseTimeout: 3_600_000,
      heartbeatTimeout: 60_000,
      retry: RETRY,
    });
    try {
      const { verdict } = await activities.closeBatch({ ...this.#name, fence, counts });
      if (verdictAttribute !== undefined && verdict !== null)
        upsertSearchAttributes([{ key: { name: verdictAttribute, type: 'KEYWORD' }, value: verdict }]);
      return verdict;
    } catch (error) {
      if (hasType(error, LEASE_LOST)) return undefined;
      throw error;
    }
  }

  #enter(phase: BatchPhase): void {
    this.#phase = phase;
    this.#show();
  }

  #show(): void {
    setCurrentDetails(detailsOf(this.#view()));
  }

  #view(): BatchView {
    const shards = [...this.#shards.values()];
    const counts = shards.reduce((sum, shard) => addCounts(sum, shard.counts), NO_RUNS);
    const wished = this.#wish === 'pause' ? 'paused' : this.#wish === 'cancel' ? 'stopping' : this.#phase;
    return {
      phase: this.#phase === 'running' ? wished : this.#phase,
      total: this.#total,
      counts,
      perSecond: rateOf(counts, { startedAt: this.#startedAt, now: Date.now() }),
      underWay: shards.flatMap(({ underWay }) => underWay),
      poisoned: this.#poisoned,
    };
  }
}
