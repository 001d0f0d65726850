import { storedExecutor, type CallLimiter } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import {
  decodeValues,
  RiskflowError,
  type BatchFinished,
  type BatchStarted,
  type EffectExecutor,
  type Fence,
  type FinishedRunStatus,
} from '../../../schemas/index.ts';
import type { RunCounts, RunFlowArgs } from '../../../workflows/index.ts';
import { textOf, type Context } from '../../context.ts';
import { DEFAULT_RUN_TIMEOUT_MS, driveRun } from '../../embedded/run-host.ts';
import { endAsFailed } from './batch-end-run.ts';
import type { BatchRow } from './batch-rows.ts';
import { shareCalls, type BatchKind, type BatchRun, type BatchRunDrive, type BatchWork } from './batch-work.ts';
import { loadPlan, planOfHistory } from '../flows.ts';
import { readRun } from '../runs/run-reads.ts';
import { startRun } from '../runs/run-start.ts';
import { stopReason } from '../runs/run-stop.ts';

export const batchStream = (batchId: string): string => `batch/${batchId}`;
/** Rising, so that rows of runs enter their indexes side by side. */
export const batchRunId = (batchId: string, place: number): string => `${batchId}.${String(place).padStart(8, '0')}`;

/** A run that has to wait for longer gives its place to others; a workflow of its own goes on with it. */
const LONGEST_WAIT_MS = 30_000;

/** @throws RiskflowError `not_found` */
export async function readBatch(
  { storage, workspaceId }: Pick<Context, 'storage' | 'workspaceId'>,
  batchId: string,
): Promise<{ readonly started: BatchStarted['data']; readonly finished: BatchFinished['data'] | null }> {
  const [first, second] = await storage.events.readStream(workspaceId, batchStream(batchId), { limit: 2 });
  if (first === undefined)
    throw new RiskflowError('not_found', `there is no batch "${batchId}"`, { hint: 'riskflow batch list prints them' });
  return {
    started: first.data as BatchStarted['data'],
    finished: (second?.data as BatchFinished['data'] | undefined) ?? null,
  };
}

/** Rows of a batch by their places. The page that was read last is kept. */
export function batchRows(context: Context, { pages, pageRows, runs, batchId }: BatchStarted['data']) {
  let last: { readonly page: number; readonly rows: readonly BatchRow[] } | undefined;
  const read = async (page: number): Promise<readonly BatchRow[]> => {
    if (last?.page === page) return last.rows;
    const bytes = await context.storage.blobs.read(context.workspaceId, pages[page] ?? '');
    if (bytes === undefined) throw new RiskflowError('not_found', `rows of batch ${batchId} were erased: it cannot go on`);
    const rows = JSON.parse(textOf(bytes)) as readonly BatchRow[];
    last = { page, rows };
    return rows;
  };
  return async function* (from: number, to: number): AsyncGenerator<{ readonly place: number; readonly row: BatchRow }, void> {
    for (let place = from; place < Math.min(to, runs); place++) {
      const row = (await read(Math.floor(place / pageRows)))[place % pageRows];
      if (row === undefined) throw new RiskflowError('internal', `batch ${batchId} has no row at place ${place}`);
      yield { place, row };
    }
  };
}

type RowRun = { readonly place: number; readonly row: BatchRow };
type RowDrive = Omit<BatchRunDrive, 'within'> & {
  readonly within?: Fence;
  /** Default: it waits where it is. */
  readonly longestWaitMs?: number;
};

export type FileBatch = {
  readonly started: BatchStarted['data'];
  readonly rows: ReturnType<typeof batchRows>;
  drive(run: RowRun, drive: RowDrive): Promise<FinishedRunStatus | { readonly handOver: RunFlowArgs }>;
  giveUp(run: RowRun, end: { readonly fence: Fence; readonly within?: Fence; readonly error: string }): Promise<FinishedRunStatus>;
};

/** A batch with all that its runs are made of. @throws RiskflowError when this process lacks what it needs */
export async function openFileBatch(context: Context, started: BatchStarted['data'], calls: CallLimiter): Promise<FileBatch> {
  const plan = await loadPlan(context, started.flowVersion);
  const begunBefore = new Set<string>();
  const perform = storedExecutor({
    workspaceId: context.workspaceId,
    effects: context.storage.effects,
    perform: context.effects(context.models()),
    calls,
    mayBeStored: ({ runId }) => begunBefore.has(runId),
    reuseKey: () => Promise.resolve(null),
  });
  const eventOf = ({ place, row }: RowRun) =>
    startRun(context, {
      plan,
      inputs: decodeValues(row.inputs),
      ...(row.query === undefined ? {} : { query: row.query }),
      pins: started.pins,
      modelMap: started.modelMap,
      runId: batchRunId(started.batchId, place),
      mode: 'batch',
      origin: { kind: 'batch', batchId: started.batchId, place },
    });
  return {
    started,
    rows: batchRows(context, started),
    drive: async (run, drive) => {
      const runId = batchRunId(started.batchId, run.place);
      if (!drive.fresh) begunBefore.add(runId);
      try {
        return await driveRow({ context, plan, perform, event: eventOf(run) }, drive);
      } finally {
        begunBefore.delete(runId);
      }
    },
    giveUp: (run, end) => endAsFailed(context, { plan, started: eventOf(run), ...end }),
  };
}

type RowWork = {
  readonly context: Context;
  readonly plan: Plan;
  readonly perform: EffectExecutor;
  readonly event: ReturnType<typeof startRun>;
};

async function driveRow(
  { context, plan, perform, event }: RowWork,
  { fence, within, fresh, signal, cancelled, longestWaitMs }: RowDrive,
): Promise<FinishedRunStatus | { readonly handOver: RunFlowArgs }> {
  const { workspaceId, storage, now, actor } = context;
  const { runId, flowVersion } = event.data;
  const history = fresh ? [] : await readRun(context, runId);
  const [first, last] = [history[0], history.at(-1)];
  if (last?.type === 'RunFinished') return last.data.status;
  const started = first?.type === 'RunStarted' ? first : event;
  const timeoutMs = context.settings.config.runTimeoutMs ?? DEFAULT_RUN_TIMEOUT_MS;
  const handOver: RunFlowArgs = { workspaceId, runId, flowVersion, started, actor, timeoutMs };
  // It waited, and is on its own since: an earlier attempt did not come to tell it, or somebody goes on with it already.
  if (history.some(({ type }) => type === 'RunPaused')) return { handOver };
  const outcome = await driveRun(
    { workspaceId, events: storage.events, perform, now, actor },
    {
      plan: await planOfHistory(context, plan, history),
      history,
      started,
      fence,
      ...(within === undefined ? {} : { within }),
      durableStart: false,
      signal,
      timeoutMs,
      ...(longestWaitMs === undefined ? {} : { longestWaitMs }),
      stopRequested: () => stopReason(context, runId),
      cancelled,
    },
  );
  if (outcome.status === 'finished') return outcome.data.status;
  if (outcome.status === 'paused') return { handOver };
  throw new RiskflowError('taken_over', `the run ${runId} was taken over by another process`);
}

/** Notes the end of a batch. */
export async function finishBatch(
  context: Context,
  batchId: string,
  { fence, counts }: { readonly fence: Fence; readonly counts: RunCounts },
): Promise<void> {
  const { workspaceId, actor } = context;
  const events: readonly BatchFinished[] = [{ type: 'BatchFinished', data: { batchId, ...counts, at: context.now() } }];
  const written = await context.storage.events.write({
    workspaceId,
    actor,
    fence,
    appends: [{ log: 'ledger', stream: batchStream(batchId), expected: { from: 2 }, events }],
  });
  if (written.status !== 'written') throw new RiskflowError('taken_over', `batch ${batchId} was taken over by another process`);
}

/** Runs of a file as one of the kinds of batches. */
export const fileBatchKind = (context: Context): BatchKind => ({
  open: (id) => fileBatchWork(context, id),
  ended: async (id) => ((await readBatch(context, id)).finished === null ? undefined : null),
  close: async (id, end) => {
    await finishBatch(context, id, end);
    return null;
  },
});

async function fileBatchWork(context: Context, batchId: string): Promise<BatchWork> {
  const { started } = await readBatch(context, batchId);
  const calls = shareCalls();
  const batch = await openFileBatch(context, started, calls.limiter);
  const runOf = (run: RowRun): BatchRun => ({
    place: run.place,
    drive: (drive) => batch.drive(run, { ...drive, longestWaitMs: LONGEST_WAIT_MS }),
    giveUp: (end) => batch.giveUp(run, end),
  });
  return {
    shape: { title: `${started.flow} on ${started.fileName}`, places: started.runs, runsPerPlace: 1, concurrency: started.concurrency },
    calls,
    runs: async ({ from, to }) => {
      const runs: BatchRun[] = [];
      for await (const run of batch.rows(from, to)) runs.push(runOf(run));
      return runs;
    },
  };
}
