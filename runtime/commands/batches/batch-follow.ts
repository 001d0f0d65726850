import { setTimeout as delay } from 'node:timers/promises';
import { RiskflowError, type BatchStarted } from '../../../schemas/index.ts';
import type { RunCounts, SpreadWishes } from '../../../workflows/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { readWish } from './batch-control.ts';
import { batchStream } from './batch-file-work.ts';
import { cancelledError, pausedError } from './batch-wish.ts';

export type BatchOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Called once the batch is stored, before its first run. */
  readonly onStarted?: (started: BatchStarted['data']) => void;
  readonly onWaiting?: (sentence: string) => void;
  /** On Temporal: how many runs an activity has, and how many activities there are at once. */
  readonly spread?: SpreadWishes;
};

const POLL_MS = 500;

/**
 * Starts the workflow of a batch unless it is under way, and shows how far it is until its end.
 * @throws RiskflowError `failed` when it is cancelled, or paused, or nobody is to follow it any more
 */
export async function followBatch(context: Context, started: BatchStarted['data'], options: BatchOptions): Promise<RunCounts> {
  // Loaded when they are needed: they take longer than all the rest of the program.
  const [{ connectBatchClient }, { watchAttendance }] = await Promise.all([
    import('../../temporal/batch-client.ts'),
    import('../../temporal/attendance.ts'),
  ]);
  const client = await connectBatchClient(context);
  const { batchId, runs } = started;
  const name = { workspaceId: context.workspaceId, kind: 'batch' as const, id: batchId };
  const ended = new AbortController();
  let moved = performance.now();
  let done = -1;
  const show = async (): Promise<void> => {
    for (; !ended.signal.aborted; await delay(POLL_MS, undefined, { signal: ended.signal })) {
      // A query needs a worker, which may yet come.
      const view = await client.view(name).catch(() => undefined);
      if (view === undefined) continue;
      const { counts } = view;
      const now = counts.succeeded + counts.failed + counts.stopped + counts.handedOver;
      if (now !== done) moved = performance.now();
      done = now;
      options.onProgress({ label: `batch ${batchId}`, done, total: runs });
    }
  };
  try {
    if (!(await client.tell(name, 'resume'))) await client.start({ ...name, ...spreadOf(options) }, labelsOf(context, started));
    options.onStarted?.(started);
    // Ends when it is aborted; the end of the batch is heard of without it.
    show().catch(() => undefined);
    const attended = watchAttendance({
      what: `batch ${batchId}`,
      taskQueue: client.taskQueue,
      ask: () => client.attendance(name),
      quietMs: () => performance.now() - moved,
      tell: (sentence) => options.onWaiting?.(sentence),
      signal: ended.signal,
    });
    const result = await Promise.race([
      client.result(name).catch(unlessCancelled(context, batchId)),
      left(options.signal),
      whenWished(context, batchId, ended.signal),
      attended,
    ]);
    if (result.status === 'stopped') throw await cancelledError(context, batchId);
    if (result.status === 'taken-over') throw new RiskflowError('taken_over', `batch ${batchId} was taken over by another process`);
    return result.counts;
  } finally {
    ended.abort();
    await client.close();
  }
}

const spreadOf = ({ spread }: BatchOptions) => (spread === undefined ? {} : { spread });

const labelsOf = ({ actor }: Context, { batchId, flow, flowVersion, runs, fileName, concurrency }: BatchStarted['data']) => ({
  title: `batch · ${flow} · ${fileName}`,
  details: [
    ['flow', `${flow}, version ${flowVersion.slice(0, 12)}`],
    ['runs', `${runs}, of ${fileName}`],
    ['calls at a time', String(concurrency)],
    ['asked for by', actor],
    ['to follow', `riskflow batch resume ${batchId}`],
    ['to stop', `riskflow batch cancel ${batchId}`],
  ] as const,
  attributes: { flow, version: flowVersion },
});

const left = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });

/** The workflow of a batch that is cancelled before a worker began it is ended from outside. */
const unlessCancelled =
  (context: Context, batchId: string) =>
  async (error: unknown): Promise<never> => {
    const wished = await readWish(context, batchStream(batchId)).catch(() => null);
    throw wished?.wish === 'cancel' ? await cancelledError(context, batchId) : error;
  };

/** Whoever follows a batch leaves it when it is paused, as the process would that works on it, and when it is cancelled. */
async function whenWished(context: Context, batchId: string, signal: AbortSignal): Promise<never> {
  for (;;) {
    await delay(POLL_MS, undefined, { signal });
    // Storage that is away shows where something is written.
    const wished = await readWish(context, batchStream(batchId)).catch(() => null);
    if (wished?.wish === 'pause') throw pausedError('batch', batchId, wished.reason);
    if (wished?.wish === 'cancel') throw await cancelledError(context, batchId);
  }
}
