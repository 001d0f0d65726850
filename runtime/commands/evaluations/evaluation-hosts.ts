import { setTimeout as delay } from 'node:timers/promises';
import { RiskflowError, type EvaluationStarted, type EvaluationSummary } from '../../../schemas/index.ts';
import type { BatchName } from '../../../workflows/index.ts';
import type { Context } from '../../context.ts';
import type { BatchClient } from '../../temporal/batch-client.ts';
import { neededTemporal } from '../../temporal/place.ts';
import { noteWish, readWish } from '../batches/batch-control.ts';
import { pausedError, tellWorkflow, type WishAnswer, type WishOptions } from '../batches/batch-wish.ts';
import { prepareEvaluation } from './evaluation-prepare.ts';
import type { EvaluationRequest } from './evaluation-request.ts';
import { evaluationStream } from './evaluation-run.ts';
import {
  beginEvaluation,
  belongsToTemporal,
  cancelledError,
  evaluationRow,
  loadEvaluation,
  noteResume,
  resumeEvaluation,
  runEvaluation,
  startedOf,
  wishThatHolds,
  withReport,
  type EvaluateOptions,
  type ResumeOptions,
} from './evaluations.ts';

/** Where the runs of an evaluation are driven. */
export type EvaluationHost = 'here' | 'temporal';

export type HostedOptions = EvaluateOptions & {
  /** Sentences about what is waited for. */
  readonly onWaiting?: (sentence: string) => void;
  /** Who follows one on Temporal leaves it when somebody pauses it. Default: it is followed until somebody lets it go on. */
  readonly leaveWhenPaused?: boolean;
};

/** Runs a new evaluation to its verdict, in this process or on Temporal, where it goes on when this process ends. */
export function evaluateOn(
  context: Context,
  request: EvaluationRequest,
  options: HostedOptions & { readonly on: EvaluationHost },
): Promise<EvaluationSummary> {
  if (options.on === 'here') return runEvaluation(context, request, options);
  return withClient(context, async (client) => {
    const data = { ...(await prepareEvaluation(context, request, context.models())), host: 'temporal' as const };
    await beginEvaluation(context, data);
    return startAndFollow(context, client, { data, options });
  });
}

/**
 * Goes on with an evaluation where it belongs: one that a workflow on Temporal drives is told to go on, and followed. `on`: it is to
 * go on there from now. `respectPause`: one that is paused stays so, and is followed until somebody else lets it go on.
 * @throws RiskflowError `busy` while another owner lives; `failed` when it was cancelled
 */
export async function goOnWithEvaluation(
  context: Context,
  evaluationId: string,
  options: HostedOptions & Pick<ResumeOptions, 'concurrency' | 'respectPause'> & { readonly on?: EvaluationHost },
): Promise<EvaluationSummary> {
  const { status } = await evaluationRow(context, evaluationId);
  const temporal = options.on === undefined ? await belongsToTemporal(context, evaluationId) : options.on === 'temporal';
  if (status === 'judged' || !temporal) return resumeEvaluation(context, evaluationId, options);
  if (options.concurrency !== undefined) {
    throw new RiskflowError('usage', `evaluation ${evaluationId} is driven on Temporal with the concurrency that it was begun with`, {
      hint: 'leave --concurrency out',
    });
  }
  return withClient(context, async (client) => {
    const data = await startedOf(context, evaluationId);
    const name = nameOf(context, evaluationId);
    // Started anew where its workflow is gone, it finds the wish in storage.
    if (options.respectPause === true && (await wishThatHolds(context, evaluationId))?.wish === 'pause')
      return startAndFollow(context, client, { data, options });
    await noteResume(context, evaluationId);
    if (await client.tell(name, 'resume')) {
      options.onWaiting?.(`evaluation ${evaluationId} is driven by a workflow on Temporal, which this only follows`);
      options.onStarted?.(data);
      return follow(context, client, { data, options });
    }
    return startAndFollow(context, client, { data, options });
  });
}

/**
 * Asks whoever works on an evaluation to leave it as it is, or to end it for good: a fact first, which every process that works on it
 * sees within half a second.
 * @throws RiskflowError `not_found`; `failed` when it was cancelled before
 */
export async function wishForEvaluation(
  context: Context,
  evaluationId: string,
  { wish, reason = `asked for by ${context.actor}`, onWarning }: WishOptions,
): Promise<WishAnswer> {
  const row = await evaluationRow(context, evaluationId);
  if (row.status === 'judged') return { id: evaluationId, status: 'already-over' };
  const noted = await noteWish(context, evaluationStream(evaluationId), { wish, reason });
  if (noted === 'cancelled') throw cancelledError(evaluationId, (await readWish(context, evaluationStream(evaluationId)))?.reason ?? '');
  if (await belongsToTemporal(context, evaluationId)) await tellWorkflow(context, { name: nameOf(context, evaluationId), wish, onWarning });
  return { id: evaluationId, status: noted === 'holds' ? 'holds' : 'requested' };
}

const nameOf = ({ workspaceId }: Context, id: string): BatchName => ({ workspaceId, kind: 'evaluation', id });

async function withClient<T>(context: Context, body: (client: BatchClient) => Promise<T>): Promise<T> {
  neededTemporal(context.settings.temporal);
  // Loaded when it is needed: it takes longer than all the rest of the program.
  const { connectBatchClient } = await import('../../temporal/batch-client.ts');
  const client = await connectBatchClient(context);
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}

type Followed = { readonly data: EvaluationStarted['data']; readonly options: HostedOptions };

async function startAndFollow(context: Context, client: BatchClient, { data, options }: Followed): Promise<EvaluationSummary> {
  const { evaluationId, set, split, setVersion, variants, n } = data;
  await client.start(nameOf(context, evaluationId), {
    title: `evaluation · ${variants.map(({ name, flow }) => `${name} ${flow}`).join(', ')} · ${split === null ? set : `${set}@${split}`}`,
    details: [
      ['samples', `${n} of ${split === null ? set : `${set}@${split}`}, version ${setVersion.slice(0, 12)}`],
      ...variants.map(({ name, flow, flowVersion }) => [`variant ${name}`, `${flow}, version ${flowVersion.slice(0, 12)}`] as const),
      ['calls at a time', String(data.options.concurrency)],
      ['asked for by', context.actor],
      ['to follow', `riskflow eval resume ${evaluationId}`],
      ['to stop', `riskflow eval cancel ${evaluationId}`],
    ],
    attributes: {},
  });
  options.onStarted?.(data);
  return follow(context, client, { data, options });
}

const POLL_MS = 700;

/** Shows how far it is until its end. Whoever follows may go: Temporal goes on with it. */
async function follow(context: Context, client: BatchClient, { data, options }: Followed): Promise<EvaluationSummary> {
  const { evaluationId } = data;
  const name = nameOf(context, evaluationId);
  const ended = new AbortController();
  const progress: Progress = { moved: performance.now() };
  const watching = watch(context, { data, options, progress, signal: AbortSignal.any([options.signal, ended.signal]) });
  // What it could not see now it would have seen later.
  watching.catch(() => undefined);
  const { watchAttendance } = await import('../../temporal/attendance.ts');
  const attended = watchAttendance({
    what: `evaluation ${evaluationId}`,
    taskQueue: client.taskQueue,
    ask: () => client.attendance(name),
    quietMs: () => performance.now() - progress.moved,
    tell: (sentence) => options.onWaiting?.(sentence),
    signal: ended.signal,
  });
  const result = await Promise.race([
    client.result(name).catch(unlessCancelled(context, evaluationId)),
    left(options.signal),
    whenWished(context, { data, options, signal: ended.signal }),
    attended,
  ]).finally(() => ended.abort());
  await watching.catch(() => undefined);
  if (result.status === 'taken-over') throw new RiskflowError('taken_over', `evaluation ${evaluationId} was taken over by another process`);
  if (result.status === 'stopped') throw await cancelled(context, evaluationId);
  const loaded = await loadEvaluation(context, data);
  return withReport(context, loaded, { status: 'judged', report: options.report });
}

const cancelled = async (context: Context, evaluationId: string): Promise<RiskflowError> =>
  cancelledError(evaluationId, (await readWish(context, evaluationStream(evaluationId)))?.reason ?? 'its workflow was stopped');

/** The workflow of an evaluation that is cancelled before a worker began it is ended from outside. */
const unlessCancelled =
  (context: Context, evaluationId: string) =>
  async (error: unknown): Promise<never> => {
    const wished = await readWish(context, evaluationStream(evaluationId)).catch(() => null);
    throw wished?.wish === 'cancel' ? await cancelled(context, evaluationId) : error;
  };

/** It is left when it is cancelled and, where that is wanted, when it is paused, as the process would that works on it. */
async function whenWished(context: Context, { data, options, signal }: Followed & { readonly signal: AbortSignal }): Promise<never> {
  const { evaluationId } = data;
  for (;;) {
    await delay(POLL_MS, undefined, { signal });
    // Storage that is away shows where something is written.
    const wished = await readWish(context, evaluationStream(evaluationId)).catch(() => null);
    if (wished?.wish === 'cancel') throw await cancelled(context, evaluationId);
    if (wished?.wish !== 'pause') continue;
    if (options.leaveWhenPaused === true) throw pausedError('evaluation', evaluationId, wished.reason);
  }
}

const left = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });

/** When something happened last, on the clock of `performance.now()`. */
type Progress = { moved: number };
type Watching = Followed & { readonly progress: Progress; readonly signal: AbortSignal };

async function watch(context: Context, { data, options, progress, signal }: Watching): Promise<void> {
  const { evaluationId, n, variants } = data;
  const { onProgress, onWaiting } = options;
  const label = `evaluation ${evaluationId}`;
  const total = n * variants.length * data.options.repeats;
  let done = -1;
  let isPaused = false;
  for (;;) {
    const { results, status } = await evaluationRow(context, evaluationId);
    onProgress({ label, done: results, total });
    const wished = await readWish(context, evaluationStream(evaluationId));
    if (results !== done || wished?.wish === 'pause') progress.moved = performance.now();
    done = results;
    if (signal.aborted || status === 'judged') return;
    const wasPaused = isPaused;
    isPaused = wished?.wish === 'pause';
    if (isPaused && !wasPaused) {
      onWaiting?.(`evaluation ${evaluationId} is paused (${wished?.reason ?? ''}); it goes on with: riskflow eval resume ${evaluationId}`);
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
