import { setTimeout as delay } from 'node:timers/promises';
import { createCallLimiter } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import {
  messageOf,
  RiskflowError,
  type BatchStarted,
  type Fence,
  type FinishedRunStatus,
  type Json,
  type NewBlob,
  type Pin,
  type RunStatus,
} from '../../../schemas/index.ts';
import type { RunCounts, SpreadWishes } from '../../../workflows/index.ts';
import { newId, sha256Bytes, utf8, type Context, type OnProgress } from '../../context.ts';
import { holdLease, TEMPORAL_HOST, type HeldLease } from '../../leases.ts';
import { neededTemporal } from '../../temporal/place.ts';
import { noteWish, watchWish } from './batch-control.ts';
import { batchRows, batchRunId, batchStream, finishBatch, openFileBatch, readBatch } from './batch-file-work.ts';
import { readBatchRows, type BatchRow } from './batch-rows.ts';
import type { WishOptions } from '../evaluations/evaluation-hosts.ts';
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

export type BatchOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Called once the batch is stored, before its first run. */
  readonly onStarted?: (started: BatchStarted['data']) => void;
  readonly onWaiting?: (sentence: string) => void;
  /** On Temporal: how many runs an activity has, and how many activities there are at once. */
  readonly spread?: SpreadWishes;
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

/** Asks whoever works on a batch to leave it as it is, or to end it for good. */
export async function wishForBatch(context: Context, batchId: string, { wish, onWarning }: WishOptions): Promise<void> {
  const { started, finished } = await readBatch(context, batchId);
  await noteWish(context, batchStream(batchId), { wish, reason: `asked for by ${context.actor}` });
  if (finished !== null || context.settings.temporal === undefined || !(await isOnTemporal(context, started))) return;
  try {
    const { connectBatchClient } = await import('../../temporal/batch-client.ts');
    const client = await connectBatchClient(context);
    try {
      await client.tell({ workspaceId: context.workspaceId, kind: 'batch', id: batchId }, wish);
    } finally {
      await client.close();
    }
  } catch (error) {
    onWarning?.(`the workflow of batch ${batchId} could not be told, and will see it by itself: ${messageOf(error)}`);
  }
}

/** Whether a workflow on Temporal has it; what has its lease last decides. */
async function isOnTemporal(context: Context, { batchId, host }: BatchStarted['data']): Promise<boolean> {
  const held = await context.storage.leases.read(context.workspaceId, batchStream(batchId));
  return held === undefined ? host === 'temporal' : held.host === TEMPORAL_HOST;
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
  const written = await context.storage.events.write({
    workspaceId,
    actor,
    ...(fence === undefined ? {} : { fence }),
    blobs,
    appends: [{ log: 'ledger', stream: batchStream(data.batchId), expected: { version: 0 }, events }],
  });
  if (written.status !== 'written') throw new RiskflowError('internal', `batch ${data.batchId} could not be begun: ${written.status}`);
}

async function noteResume(context: Context, batchId: string): Promise<void> {
  const noted = await noteWish(context, batchStream(batchId), { wish: 'resume', reason: `resumed by ${context.actor}` });
  if (noted === 'cancelled') throw cancelledError(batchId);
}

const cancelledError = (batchId: string): RiskflowError => new RiskflowError('failed', `batch ${batchId} was cancelled`);

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
      if (watch.cancelled() !== undefined) return;
      const end = await batch.drive(run, { fence: lease.fence, fresh, signal: either, cancelled: watch.cancelled });
      counts[kindOf(end)]++;
      options.onProgress({ label, done: ++done, total: runs });
    });
    if (watch.cancelled() !== undefined) throw cancelledError(batchId);
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
  return { id, flow, flowVersion, runs, rejected, succeeded, failed, stopped, handedOver, finished };
};

const POLL_MS = 500;

/** Starts the workflow of a batch unless it is under way, and shows how far it is until its end. */
async function driveOnTemporal(context: Context, started: BatchStarted['data'], options: BatchOptions): Promise<BatchSummary> {
  // Loaded when it is needed: it takes longer than all the rest of the program.
  const { connectBatchClient } = await import('../../temporal/batch-client.ts');
  const client = await connectBatchClient(context);
  const { batchId, flow, flowVersion, runs, fileName } = started;
  const name = { workspaceId: context.workspaceId, kind: 'batch' as const, id: batchId };
  const ended = new AbortController();
  try {
    if (!(await client.tell(name, 'resume'))) {
      const spread = options.spread === undefined ? {} : { spread: options.spread };
      await client.start(
        { ...name, ...spread },
        {
          title: `batch · ${flow} · ${fileName}`,
          details: [
            ['flow', `${flow}, version ${flowVersion.slice(0, 12)}`],
            ['runs', `${runs}, of ${fileName}`],
            ['calls at a time', String(started.concurrency)],
            ['asked for by', context.actor],
            ['to follow', `riskflow batch resume ${batchId}`],
          ],
          attributes: { flow, version: flowVersion },
        },
      );
    }
    options.onStarted?.(started);
    const show = async (): Promise<void> => {
      const began = performance.now();
      for (let warned = false; !ended.signal.aborted; await delay(POLL_MS, undefined, { signal: ended.signal })) {
        const view = await client.view(name);
        const { succeeded, failed, stopped, handedOver } = view.counts;
        options.onProgress({ label: `batch ${batchId}`, done: succeeded + failed + stopped + handedOver, total: runs });
        if (view.phase !== 'starting' || warned || performance.now() - began < 10_000) continue;
        warned = true;
        options.onWaiting?.(`no worker has taken batch ${batchId} yet: start one with riskflow worker`);
      }
    };
    // A query needs a worker; the end is heard of without one.
    show().catch(() => undefined);
    const result = await Promise.race([client.result(name), left(options.signal)]);
    if (result.status === 'stopped') throw cancelledError(batchId);
    if (result.status === 'taken-over') throw new RiskflowError('taken_over', `batch ${batchId} was taken over by another process`);
    const { finished } = await readBatch(context, batchId);
    return summaryOf(started, finished ?? result.counts, true);
  } finally {
    ended.abort();
    await client.close();
  }
}

const left = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
