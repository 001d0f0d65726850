import { createCallLimiter } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import {
  RiskflowError,
  type BatchListed,
  type BatchStarted,
  type Fence,
  type FinishedRunStatus,
  type Json,
  type NewBlob,
  type Pin,
  type RunStatus,
} from '../../../schemas/index.ts';
import type { RunCounts } from '../../../workflows/index.ts';
import { newId, sha256Bytes, utf8, type Context } from '../../context.ts';
import { holdLease, type HeldLease } from '../../leases.ts';
import { neededTemporal } from '../../temporal/place.ts';
import { noteWish, watchWish } from './batch-control.ts';
import { batchRows, batchRunId, batchStream, finishBatch, openFileBatch, readBatch } from './batch-file-work.ts';
import { followBatch, type BatchOptions } from './batch-follow.ts';
import { BATCHES_STREAM, isOnTemporal } from './batch-list.ts';
import { readBatchRows, type BatchRow } from './batch-rows.ts';
import { cancelledError } from './batch-wish.ts';
import { inWindow } from '../in-window.ts';
import { readRun } from '../runs/run-reads.ts';

/** One run of a flow for each row of a file. */
export type BatchRequest = {
  /** Published. */
  readonly plan: Plan;
  /** CSV, TSV or JSON lines, with the inputs by name. */
  readonly file: string;
  readonly pins: Readonly<Record<string, Pin>>;
  readonly modelMap: Readonly<Record<string, string>>;
  /** Calls in flight at a time. */
  readonly concurrency: number;
};

/** A run of a batch as it stands; `line` is that of its row. */
export type BatchRunRow = {
  readonly line: number;
  readonly runId: string;
  readonly status: RunStatus | 'waiting';
  readonly outputs: Json;
  readonly error: string | null;
};
export type BatchSummary = RunCounts & {
  readonly id: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly runs: number;
  readonly rejected: BatchStarted['data']['rejected'];
  readonly finished: boolean;
  readonly host: 'here' | 'temporal';
};

const PAGE_ROWS = 200;
const runsInFlight = (concurrency: number): number => concurrency * 3 + 32;

/** Runs a flow over the rows of a file, in this process or on Temporal, where it goes on when this process ends. */
export async function runBatch(
  context: Context,
  request: BatchRequest,
  options: BatchOptions & { readonly on: 'here' | 'temporal' },
): Promise<BatchSummary> {
  if (options.on === 'temporal') neededTemporal(context.settings.temporal);
  const { plan, pins, modelMap, concurrency } = request;
  const { fileName, rows, rejected } = await readBatchRows(request.file, plan);
  const batchId = `b-${newId().slice(0, 13)}`;
  const pages = pagesOf(rows, batchId);
  const started: BatchStarted['data'] = {
    batchId,
    flow: plan.flow,
    flowVersion: plan.flowVersion,
    runs: rows.length,
    pages: pages.map(({ sha256 }) => sha256),
    pageRows: PAGE_ROWS,
    fileName,
    rejected,
    pins,
    modelMap,
    concurrency,
    ...(options.on === 'temporal' ? { host: 'temporal' as const } : {}),
    at: context.now(),
  };
  if (options.on === 'temporal') {
    await begin(context, started, pages);
    return driveOnTemporal(context, started, options);
  }
  const lease = await holdLease(context, batchStream(batchId));
  try {
    await begin(context, started, pages, lease.fence);
    return await driveHere(context, { started, lease, fresh: true, options });
  } finally {
    await lease.release();
  }
}

/** Goes on with a batch where it was begun; one that is over is only read again. @throws RiskflowError `busy` while its owner lives */
export async function resumeBatch(context: Context, batchId: string, options: BatchOptions): Promise<BatchSummary> {
  const { started, finished } = await readBatch(context, batchId);
  if (finished !== null) return summaryOf(started, finished, true);
  if (await isOnTemporal(context, started)) {
    await noteResume(context, batchId);
    return driveOnTemporal(context, started, options);
  }
  const lease = await holdLease(context, batchStream(batchId));
  try {
    await noteResume(context, batchId);
    return await driveHere(context, { started, lease, fresh: false, options });
  } finally {
    await lease.release();
  }
}

/** Every run of a batch as it stands, in the order of the rows. */
export async function* showBatchRuns(context: Context, batchId: string): AsyncGenerator<BatchRunRow, void> {
  const { started } = await readBatch(context, batchId);
  for await (const { place, row } of batchRows(context, started)(0, started.runs)) {
    const runId = batchRunId(batchId, place);
    const last = (await readRun(context, runId)).at(-1);
    const { line } = row;
    if (last?.type === 'RunFinished') {
      const { status, outputs, error } = last.data;
      yield { line, runId, status, outputs, error };
    } else {
      yield {
        line,
        runId,
        status: last === undefined ? 'waiting' : last.type === 'RunPaused' ? 'paused' : 'running',
        outputs: null,
        error: null,
      };
    }
  }
}

const pagesOf = (rows: readonly BatchRow[], batchId: string): readonly NewBlob[] =>
  Array.from({ length: Math.ceil(rows.length / PAGE_ROWS) }, (_, page) => {
    const bytes = utf8(JSON.stringify(rows.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS)));
    return { sha256: sha256Bytes(bytes), bytes, referrer: batchStream(batchId) };
  });

async function begin(context: Context, data: BatchStarted['data'], blobs: readonly NewBlob[], fence?: Fence): Promise<void> {
  const { workspaceId, actor } = context;
  const events: readonly BatchStarted[] = [{ type: 'BatchStarted', data }];
  const listed: readonly BatchListed[] = [{ type: 'BatchListed', data: { batchId: data.batchId } }];
  const written = await context.storage.events.write({
    workspaceId,
    actor,
    ...(fence === undefined ? {} : { fence }),
    blobs,
    appends: [
      { log: 'ledger', stream: batchStream(data.batchId), expected: { version: 0 }, events },
      { log: 'ledger', stream: BATCHES_STREAM, expected: { any: true }, events: listed },
    ],
  });
  if (written.status !== 'written') throw new RiskflowError('internal', `batch ${data.batchId} could not be begun: ${written.status}`);
}

async function noteResume(context: Context, batchId: string): Promise<void> {
  const noted = await noteWish(context, batchStream(batchId), { wish: 'resume', reason: `resumed by ${context.actor}` });
  if (noted === 'cancelled') throw await cancelledError(context, batchId);
}

type Execution = {
  readonly started: BatchStarted['data'];
  readonly lease: HeldLease;
  readonly fresh: boolean;
  readonly options: BatchOptions;
};

async function driveHere(context: Context, { started, lease, fresh, options }: Execution): Promise<BatchSummary> {
  const { batchId, runs, concurrency } = started;
  const batch = await openFileBatch(context, started, createCallLimiter(concurrency));
  const watch = await watchWish(context, batchStream(batchId));
  const signal = AbortSignal.any([options.signal, lease.signal, watch.paused]);
  const label = `batch ${batchId}`;
  const counts = { succeeded: 0, failed: 0, stopped: 0, handedOver: 0 };
  let done = 0;
  options.onStarted?.(started);
  options.onProgress({ label, done, total: runs });
  try {
    await inWindow(batch.rows(0, runs), { size: runsInFlight(concurrency), signal }, async (run, either) => {
      if (watch.cancelled.aborted) return;
      const end = await batch.drive(run, { fence: lease.fence, fresh, signal: either, cancelled: watch.cancelled });
      counts[kindOf(end)]++;
      options.onProgress({ label, done: ++done, total: runs });
    });
    if (watch.cancelled.aborted) throw await cancelledError(context, batchId);
    await finishBatch(context, batchId, { fence: lease.fence, counts });
    return summaryOf(started, counts, true);
  } finally {
    watch.close();
  }
}

function kindOf(end: FinishedRunStatus | { readonly handOver: unknown }): keyof RunCounts {
  if (typeof end === 'object') return 'handedOver';
  return end === 'partial-succeeded' ? 'succeeded' : end;
}

const summaryOf = (started: BatchStarted['data'], counts: RunCounts, finished: boolean): BatchSummary => {
  const { batchId: id, flow, flowVersion, runs, rejected } = started;
  const { succeeded, failed, stopped, handedOver } = counts;
  return { id, flow, flowVersion, runs, rejected, succeeded, failed, stopped, handedOver, finished, host: started.host ?? 'here' };
};

/** Starts the workflow of a batch unless it is under way, and shows how far it is until its end. */
async function driveOnTemporal(context: Context, started: BatchStarted['data'], options: BatchOptions): Promise<BatchSummary> {
  const counts = await followBatch(context, started, options);
  const { finished } = await readBatch(context, started.batchId);
  return summaryOf(started, finished ?? counts, true);
}
