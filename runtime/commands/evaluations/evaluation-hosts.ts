import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, RiskflowError, type BatchWish, type EvaluationStarted, type EvaluationSummary } from '../../../schemas/index.ts';
import type { BatchName } from '../../../workflows/index.ts';
import type { Context } from '../../context.ts';
import type { BatchClient } from '../../temporal/batch-client.ts';
import { neededTemporal } from '../../temporal/place.ts';
import { noteWish, readWish } from '../batches/batch-control.ts';
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

export type WishOptions = {
  readonly wish: Exclude<BatchWish, 'resume'>;
  /** Sentences about what does not keep it from being noted. */
  readonly onWarning?: (sentence: string) => void;
};

export type EvaluationWish = { readonly id: string; readonly status: 'requested' | 'already-over' | 'holds' };

/**
 * Asks whoever works on an evaluation to leave it as it is, or to end it for good: a fact first, which every process that works on it
 * sees within half a second.
 * @throws RiskflowError `not_found`; `failed` when it was cancelled before
 */
export async function wishForEvaluation(
  context: Context,
  evaluationId: string,
  { wish, reason = `asked for by ${context.actor}`, onWarning }: WishOptions & { readonly reason?: string },
): Promise<EvaluationWish> {
  const row = await evaluationRow(context, evaluationId);
  if (row.status === 'judged') return { id: evaluationId, status: 'already-over' };
  const noted = await noteWish(context, evaluationStream(evaluationId), { wish, reason });
  if (noted === 'cancelled') throw cancelledError(evaluationId, (await readWish(context, evaluationStream(evaluationId)))?.reason ?? '');
  if ((await belongsToTemporal(context, evaluationId)) && context.settings.temporal !== undefined) {
    // The workers have seen it in storage, or will; this only makes its workflow show it at once.
    try {
      await withClient(context, (client) => client.tell(nameOf(context, evaluationId), wish));
    } catch (error) {
      onWarning?.(`the workflow of evaluation ${evaluationId} could not be told, and will see it by itself: ${messageOf(error)}`);
    }
  }
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
const PATIENCE_MS = 10_000;

/** Shows how far it is until its end. Whoever follows may go: Temporal goes on with it. */
async function follow(context: Context, client: BatchClient, { data, options }: Followed): Promise<EvaluationSummary> {
  const { evaluationId } = data;
  const ended = new AbortController();
  const watching = watch(context, { data, options, signal: AbortSignal.any([options.signal, ended.signal]) });
  // What it could not see now it would have seen later.
  watching.catch(() => undefined);
  const result = await Promise.race([client.result(nameOf(context, evaluationId)), left(options.signal)]).finally(() => ended.abort());
  await watching.catch(() => undefined);
  if (result.status === 'taken-over') throw new RiskflowError('taken_over', `evaluation ${evaluationId} was taken over by another process`);
  if (result.status === 'stopped')
    throw cancelledError(evaluationId, (await readWish(context, evaluationStream(evaluationId)))?.reason ?? 'its workflow was stopped');
  const loaded = await loadEvaluation(context, data);
  return withReport(context, loaded, { status: 'judged', report: options.report });
}

const left = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });

async function watch(context: Context, { data, options, signal }: Followed & { readonly signal: AbortSignal }): Promise<void> {
  const { evaluationId, n, variants } = data;
  const { onProgress, onWaiting } = options;
  const label = `evaluation ${evaluationId}`;
  const total = n * variants.length * data.options.repeats;
  const began = performance.now();
  let told: string | undefined;
  const tell = (sentence: string): void => {
    if (told !== sentence) onWaiting?.(sentence);
    told = sentence;
  };
  for (;;) {
    const { results, status } = await evaluationRow(context, evaluationId);
    onProgress({ label, done: results, total });
    if (signal.aborted || status === 'judged') return;
    const wish = (await readWish(context, evaluationStream(evaluationId)))?.wish;
    if (wish === 'pause') tell(`evaluation ${evaluationId} is paused; it goes on with: riskflow eval resume ${evaluationId}`);
    else if (results === 0 && performance.now() - began > PATIENCE_MS) {
      tell(`no worker has taken evaluation ${evaluationId} yet: start one with riskflow worker`);
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
