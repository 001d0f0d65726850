import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addResult, openResultTable, renderHtml, seededOrder, summarizeTable, type ReportInput } from '../../../evaluation/index.ts';
import type { Plan } from '../../../flow/index.ts';
import {
  decodeValues,
  messageOf,
  RiskflowError,
  type EvaluationRow,
  type EvaluationStarted,
  type EvaluationSummary,
  type Fence,
  type Json,
  type ManifestEntry,
  type ModelRouter,
  type ResultRow,
  type SampleSetVersionRow,
} from '../../../schemas/index.ts';
import { textOf, type Context, type OnProgress } from '../../context.ts';
import { holdLease, TEMPORAL_HOST } from '../../leases.ts';
import { VERSION } from '../../version.ts';
import { noteWish, readWish, watchWish, type Wished } from '../batches/batch-control.ts';
import { freezeModels, prepareEvaluation } from './evaluation-prepare.ts';
import type { EvaluationRequest } from './evaluation-request.ts';
import { evaluationStream, executeEvaluation, resultKey, type ExecuteOptions } from './evaluation-run.ts';
import { fileTrouble, loadPlan } from '../flows.ts';
import { manifestOf } from '../samples/sample-address.ts';

export type EvaluateOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Where to write the HTML report, or null. */
  readonly report: string | null;
  /** Called once the evaluation has its id, before the first call. */
  readonly onStarted?: (started: EvaluationStarted['data']) => void;
};

export type ResumeOptions = EvaluateOptions & {
  readonly concurrency?: number;
  /** For those who ask in nobody's name: what a person paused stays paused. */
  readonly respectPause?: boolean;
};

/** Writes the first event of an evaluation. */
export async function beginEvaluation(context: Context, data: EvaluationStarted['data'], fence?: Fence): Promise<void> {
  const { workspaceId, actor } = context;
  const events: readonly EvaluationStarted[] = [{ type: 'EvaluationStarted', data }];
  const written = await context.storage.events.write({
    workspaceId,
    actor,
    ...(fence === undefined ? {} : { fence }),
    appends: [{ log: 'ledger', stream: evaluationStream(data.evaluationId), expected: { version: 0 }, events }],
  });
  if (written.status !== 'written')
    throw new RiskflowError('internal', `evaluation ${data.evaluationId} could not be begun: ${written.status}`);
}

/** Runs a new evaluation to its verdict in this process. @throws RiskflowError; when aborted or paused it can be resumed. */
export async function runEvaluation(context: Context, request: EvaluationRequest, options: EvaluateOptions): Promise<EvaluationSummary> {
  const models = context.models();
  const data = await prepareEvaluation(context, request, models);
  const lease = await holdLease(context, evaluationStream(data.evaluationId));
  try {
    await beginEvaluation(context, data, lease.fence);
    options.onStarted?.(data);
    const loaded = await loadEvaluation(context, data);
    await executeHere(context, { ...options, loaded, models, lease, concurrency: request.concurrency, done: null });
    return await judge(context, { loaded, fence: lease.fence, report: options.report });
  } finally {
    await lease.release();
  }
}

/**
 * Goes on in this process where an ended one left an evaluation; a judged one is only read again.
 * @throws RiskflowError `busy` while its owner lives; `failed` when it was cancelled, or is to stay paused
 */
export async function resumeEvaluation(context: Context, evaluationId: string, options: ResumeOptions): Promise<EvaluationSummary> {
  const row = await evaluationRow(context, evaluationId);
  const loaded = await loadEvaluation(context, await startedOf(context, evaluationId));
  if (row.status === 'judged') return withReport(context, loaded, { status: 'judged', report: options.report });
  const lease = await holdLease(context, evaluationStream(evaluationId));
  try {
    if (options.respectPause !== true) await noteResume(context, evaluationId);
    else {
      const wished = await wishThatHolds(context, evaluationId);
      if (wished?.wish === 'pause') throw pausedBy(evaluationId, `evaluation ${evaluationId} was paused: ${wished.reason}`);
    }
    options.onStarted?.(loaded.started);
    const concurrency = options.concurrency ?? loaded.started.options.concurrency;
    const models = await frozenModels(context, loaded);
    await context.storage.projections.catchUp(context.workspaceId);
    const done = new Set<string>();
    for await (const result of resultsOf(context, evaluationId)) done.add(resultKey(result.sampleId, result.variant, result.repeat));
    await executeHere(context, { ...options, loaded, models, lease, concurrency, done });
    return await judge(context, { loaded, fence: lease.fence, report: options.report });
  } finally {
    await lease.release();
  }
}

/** @throws RiskflowError `failed` when it was cancelled */
export async function noteResume(context: Context, evaluationId: string): Promise<void> {
  const noted = await noteWish(context, evaluationStream(evaluationId), { wish: 'resume', reason: `resumed by ${context.actor}` });
  if (noted === 'cancelled') throw cancelledError(evaluationId, (await readWish(context, evaluationStream(evaluationId)))?.reason ?? '');
}

/** What was last wished of an evaluation. @throws RiskflowError `failed` when it was cancelled */
export async function wishThatHolds(context: Context, evaluationId: string): Promise<Wished | null> {
  const wished = await readWish(context, evaluationStream(evaluationId));
  if (wished?.wish === 'cancel') throw cancelledError(evaluationId, wished.reason);
  return wished;
}

/** The models of an evaluation as they were when it began. @throws RiskflowError when this process lacks one of them, or its key */
export async function frozenModels(context: Context, { started, plans }: LoadedEvaluation): Promise<ModelRouter> {
  // Variants of one evaluation agree on the artifact of a model: they were frozen at the same moment.
  const artifacts = Object.assign({}, ...started.variants.map((variant) => variant.artifacts)) as Record<string, string>;
  const models = context.models({ artifacts });
  for (const { name, modelMap, pins } of started.variants) {
    const plan = plans.get(name);
    if (plan !== undefined) await freezeModels({ context, variant: { plan, modelMap, pins }, models });
  }
  return models;
}

type Execution = Pick<EvaluateOptions, 'signal' | 'onProgress'> &
  Pick<ExecuteOptions, 'models' | 'lease' | 'concurrency' | 'done'> & { readonly loaded: LoadedEvaluation };

/** Executes it until its end, or until somebody wishes otherwise. @throws RiskflowError `failed` when it was paused or cancelled */
async function executeHere(context: Context, { loaded, signal, ...execution }: Execution): Promise<void> {
  const { evaluationId } = loaded.started;
  const watch = await watchWish(context, evaluationStream(evaluationId));
  try {
    const either = AbortSignal.any([signal, watch.paused]);
    await executeEvaluation(context, { ...loaded, ...execution, signal: either, cancelled: watch.cancelled });
    if (watch.cancelled.aborted) throw cancelledError(evaluationId, String(watch.cancelled.reason));
  } catch (error) {
    if (error !== watch.paused.reason) throw error;
    throw pausedBy(evaluationId, messageOf(error));
  } finally {
    watch.close();
  }
}

const pausedBy = (evaluationId: string, message: string): RiskflowError =>
  new RiskflowError('failed', message, { hint: `go on with: riskflow eval resume ${evaluationId}` });

export const cancelledError = (evaluationId: string, reason: string): RiskflowError =>
  new RiskflowError('failed', `evaluation ${evaluationId} was cancelled: ${reason}`, {
    hint: `it has no verdict; see what it has: riskflow eval show ${evaluationId}`,
  });

/** An evaluation with all that its runs are made of. */
export type LoadedEvaluation = {
  readonly started: EvaluationStarted['data'];
  readonly set: SampleSetVersionRow;
  readonly manifest: readonly ManifestEntry[];
  readonly fieldNames: readonly string[];
  readonly plans: ReadonlyMap<string, Plan>;
  readonly meanings: ReadonlyMap<string, string>;
};

export async function startedOf(context: Context, evaluationId: string): Promise<EvaluationStarted['data']> {
  const [event] = await context.storage.events.readStream(context.workspaceId, evaluationStream(evaluationId), { limit: 1 });
  if (event === undefined) throw new RiskflowError('not_found', `there is no evaluation ${evaluationId}`);
  return event.data as EvaluationStarted['data'];
}

export async function loadEvaluation(context: Context, started: EvaluationStarted['data']): Promise<LoadedEvaluation> {
  const plans = new Map<string, Plan>();
  const meanings = new Map<string, string>();
  for (const { name, flowVersion } of started.variants) {
    plans.set(name, await loadPlan(context, flowVersion));
    const row = await context.storage.read.flowVersion(context.workspaceId, flowVersion);
    if (row !== undefined) meanings.set(flowVersion, row.meaningHash);
  }
  const versions = await context.storage.read.sampleSetVersions(context.workspaceId, { set: started.set });
  const set = versions.findLast((version) => version.version === started.setVersion && version.split === started.split);
  if (set === undefined)
    throw new RiskflowError('not_found', `the sample set version ${started.setVersion} of evaluation ${started.evaluationId} is gone`);
  return { started, set, manifest: await manifestOf(context, set), fieldNames: set.fieldNames, plans, meanings };
}

/** All results of an evaluation, in portions. */
async function* resultsOf(context: Context, evaluationId: string): AsyncGenerator<ResultRow, void> {
  const limit = 1000;
  let after: { readonly sampleId: string; readonly variant: string; readonly repeat: number } | undefined;
  for (;;) {
    const page = await context.storage.read.results(context.workspaceId, evaluationId, {
      limit,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    after = { sampleId: last.sampleId, variant: last.variant, repeat: last.repeat };
  }
}

type Judging = {
  readonly loaded: LoadedEvaluation;
  readonly fence: Parameters<Context['storage']['leases']['release']>[1];
  readonly report: string | null;
};

/** Computes the verdict from the results and writes it, unless it was judged before. @throws RiskflowError `taken_over` when the lease was lost */
export async function judge(context: Context, { loaded, fence, report }: Judging): Promise<EvaluationSummary> {
  await context.storage.projections.catchUp(context.workspaceId);
  const summary = await summaryOf(context, loaded, { status: 'judged', report: null });
  const { evaluationId } = loaded.started;
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    fence,
    // The answer to an earlier writing may have been lost.
    claims: [{ scope: 'evaluation-judged', key: evaluationId, value: '' }],
    appends: [
      {
        log: 'ledger',
        stream: evaluationStream(evaluationId),
        expected: { any: true },
        events: [{ type: 'EvaluationJudged', data: { evaluationId, summary: summary, at: context.now() } }],
      },
    ],
  });
  if (written.status !== 'written' && written.status !== 'claimed')
    throw new RiskflowError('taken_over', `evaluation ${evaluationId} was taken over by another process`);
  return withReport(context, loaded, { status: 'judged', report });
}

type SummaryWish = { readonly status: EvaluationSummary['status']; readonly report: string | null };

async function summaryOf(context: Context, loaded: LoadedEvaluation, wish: SummaryWish): Promise<EvaluationSummary> {
  const order = seededOrder(loaded.manifest, loaded.started.options.seed);
  const table = openResultTable(loaded.started, order);
  for await (const row of resultsOf(context, loaded.started.evaluationId)) addResult(table, row);
  return summarizeTable(table, wish);
}

/** The summary as it stands, and the report when one is wished. */
export async function withReport(context: Context, loaded: LoadedEvaluation, wish: SummaryWish): Promise<EvaluationSummary> {
  const report = wish.report === null ? null : resolve(wish.report);
  const summary = await summaryOf(context, loaded, { status: wish.status, report });
  if (report !== null) {
    const html = renderHtml(await reportInput(context, { loaded, summary }));
    try {
      await writeFile(report, html);
    } catch (cause) {
      throw new RiskflowError('failed', `the report ${report} cannot be written: ${fileTrouble(cause)}`, {
        cause,
        hint: `the evaluation itself is stored: riskflow eval report ${summary.id} --report FILE`,
      });
    }
  }
  return summary;
}

/** What a report shows: the summary, and the texts of the samples it lists. */
export async function reportInput(
  context: Context,
  work: { readonly loaded: LoadedEvaluation; readonly summary: EvaluationSummary },
): Promise<ReportInput> {
  const { loaded, summary } = work;
  const listed = new Set([
    ...summary.flips.samples.map((flip) => flip.sampleId),
    ...summary.failures.results.map((failure) => failure.sampleId),
  ]);
  const entries = loaded.manifest.filter((entry) => listed.has(entry.id));
  const blobs = await context.storage.blobs.readMany(
    context.workspaceId,
    entries.map((entry) => entry.fields),
  );
  const texts = new Map<string, string>();
  for (const entry of entries) {
    const bytes = blobs.get(entry.fields);
    if (bytes === undefined) continue;
    const fields = decodeValues(JSON.parse(textOf(bytes)) as Json);
    const text = fields.get(loaded.set.textField ?? 'text');
    texts.set(entry.id, typeof text === 'string' ? text : textOf(bytes));
  }
  const row = await context.storage.read.evaluation(context.workspaceId, loaded.started.evaluationId);
  return {
    summary,
    texts,
    set: loaded.set,
    createdAt: new Date(loaded.started.at).toISOString(),
    elapsedMs: row?.finishedAt == null ? null : row.finishedAt - loaded.started.at,
    version: VERSION,
  };
}

/** @throws RiskflowError `not_found` that names others */
export async function evaluationRow(context: Context, evaluationId: string): Promise<EvaluationRow> {
  await context.storage.projections.catchUp(context.workspaceId);
  const row = await context.storage.read.evaluation(context.workspaceId, evaluationId);
  if (row !== undefined) return row;
  const known = await context.storage.read.evaluations(context.workspaceId);
  throw new RiskflowError('not_found', `there is no evaluation "${evaluationId}"`, {
    hint:
      known.length === 0
        ? 'none has been run in this storage'
        : `the latest are: ${known
            .slice(0, 5)
            .map((item) => item.evaluationId)
            .join(', ')}`,
  });
}

/** An evaluation as it stands: judged, or an early look at the complete beginning of its order. */
export async function showEvaluation(
  context: Context,
  evaluationId: string,
  options: { readonly report: string | null } = { report: null },
): Promise<{ readonly summary: EvaluationSummary; readonly input: Awaited<ReturnType<typeof reportInput>> }> {
  const row = await withOwnership(context, await evaluationRow(context, evaluationId));
  const loaded = await loadEvaluation(context, await startedOf(context, evaluationId));
  const summary = await withReport(context, loaded, { status: row.status, report: options.report });
  return { summary, input: await reportInput(context, { loaded, summary }) };
}

/** The results of an evaluation, one by one. */
export async function* showResults(context: Context, evaluationId: string): AsyncGenerator<ResultRow, void> {
  await evaluationRow(context, evaluationId);
  yield* resultsOf(context, evaluationId);
}

/** An evaluation as it stands: `interrupted` when it has no verdict and nobody works on it any more. */
export type ListedEvaluation = Omit<EvaluationRow, 'status'> & { readonly status: EvaluationSummary['status'] };

/** All evaluations, newest first. */
export async function listEvaluations(context: Context): Promise<readonly ListedEvaluation[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  const listed: ListedEvaluation[] = [];
  for (const row of await context.storage.read.evaluations(context.workspaceId)) listed.push(await withOwnership(context, row));
  return listed;
}

/** Whether somebody works on an evaluation is no fact of its own, so the projection does not know it. */
async function withOwnership(context: Context, row: EvaluationRow): Promise<ListedEvaluation> {
  if (row.status !== 'running') return row;
  const { evaluationId } = row;
  const wish = (await readWish(context, evaluationStream(evaluationId)))?.wish;
  if (wish === 'cancel') return { ...row, status: 'cancelled' };
  if (wish === 'pause') return { ...row, status: 'paused' };
  const lease = await context.storage.leases.read(context.workspaceId, evaluationStream(evaluationId));
  if (lease !== undefined && lease.until > context.now() && !context.isDead(lease)) return row;
  // Temporal goes on with its own, also when no worker is there just now.
  if (await belongsToTemporal(context, evaluationId)) return row;
  // It may have been judged after it was read, and only therefore have nobody.
  const now = await evaluationRow(context, evaluationId);
  return now.status === 'running' ? { ...now, status: 'interrupted' } : now;
}

/** Whether a workflow on Temporal has it; what has its lease last decides. */
export async function belongsToTemporal(context: Context, evaluationId: string): Promise<boolean> {
  const lease = await context.storage.leases.read(context.workspaceId, evaluationStream(evaluationId));
  if (lease !== undefined) return lease.host === TEMPORAL_HOST;
  return (await startedOf(context, evaluationId)).host === 'temporal';
}
