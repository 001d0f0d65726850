import { hash } from 'node:crypto';
import { seededOrder } from '../../../evaluation/index.ts';
import { createCallLimiter, storedExecutor, type CallLimiter, type ReuseKey } from '../../../activities/index.ts';
import { startVariables, type Plan } from '../../../flow/index.ts';
import {
  decodeValues,
  hashJson,
  RiskflowError,
  type Effect,
  type EffectExecutor,
  type EvaluationStarted,
  type Fence,
  type FinishedRunStatus,
  type ManifestEntry,
  type ModelRouter,
  type ResultRecorded,
  type RunFinished,
  type Value,
  type Values,
  type Variant,
  type Json,
  type CodeRunner,
} from '../../../schemas/index.ts';
import { textOf, type Context, type OnProgress } from '../../context.ts';
import { driveRun, type RunEnd } from '../../embedded/run-host.ts';
import { endAsFailed } from '../batches/batch-end-run.ts';
import type { HeldLease } from '../../leases.ts';
import { inputFields, predictionName } from './evaluation-request.ts';
import { inWindow } from '../in-window.ts';
import { predictionOf } from '../decisions/prediction.ts';
import { planOfHistory } from '../flows.ts';
import { readRun } from '../runs/run-reads.ts';
import { startRun } from '../runs/run-start.ts';

/** What the runs of an evaluation are made of. */
export type EvaluationParts = {
  readonly started: EvaluationStarted['data'];
  readonly manifest: readonly ManifestEntry[];
  readonly fieldNames: readonly string[];
  /** By variant name. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** Hash of what a flow version means, by version. */
  readonly meanings: ReadonlyMap<string, string>;
  readonly models: ModelRouter;
};

export type ExecuteOptions = EvaluationParts & {
  readonly lease: HeldLease;
  /** Calls in flight at most. */
  readonly concurrency: number;
  /** Results that are there already, as `resultKey`; null for a first start, which cannot have any. */
  readonly done: ReadonlySet<string> | null;
  readonly signal: AbortSignal;
  /** Aborted with the reason, a text, once it is to be cancelled: no run is begun any more, and those under way are stopped. */
  readonly cancelled: AbortSignal;
  readonly onProgress: OnProgress;
};

export const resultKey = (sampleId: string, variant: string, repeat: number): string => `${variant} ${repeat} ${sampleId}`;
export const evaluationStream = (evaluationId: string): string => `evaluation/${evaluationId}`;

/**
 * Runs in flight: more than the calls in flight, since a run that stores its result must not keep a slot of the limit empty, and
 * since what many runs store at the same time shares a transaction.
 */
const runsInFlight = (concurrency: number): number => concurrency * 3 + 32;
const PREFETCH = 64;

/** `place`: of the sample in the seeded order, from 0. */
export type SampleTask = { readonly entry: ManifestEntry; readonly place: number; readonly variant: Variant; readonly repeat: number };
export type SampleRun = { readonly task: SampleTask; readonly fields: Values };

/**
 * Runs every sample through every variant, in the seeded order, and records a result each. An aborted run leaves no result; it is
 * begun or continued when the evaluation is resumed.
 */
export async function executeEvaluation(context: Context, options: ExecuteOptions): Promise<void> {
  const { started, done, lease, onProgress, cancelled } = options;
  const signal = AbortSignal.any([options.signal, lease.signal]);
  const total = started.n * started.variants.length * started.options.repeats;
  let finished = done?.size ?? 0;
  const label = `evaluation ${started.evaluationId}`;
  onProgress({ label, done: finished, total });
  const work = prepareWork(context, {
    ...options,
    mayBeStored: () => done !== null,
    calls: createCallLimiter(options.concurrency),
    shared: false,
  });
  const places = { from: 0, to: started.n };
  const runs = untilCancelled(
    sampleRuns(context, { ...options, order: seededOrder(options.manifest, started.options.seed), places }),
    cancelled,
  );
  await inWindow(runs, { size: runsInFlight(options.concurrency), signal }, async (run, taskSignal) => {
    await evaluateOne(work, { ...run, signal: taskSignal, fence: lease.fence, fresh: done === null, cancelled });
    finished++;
    onProgress({ label, done: finished, total });
  });
}

async function* untilCancelled<T>(items: AsyncIterable<T>, cancelled: AbortSignal): AsyncGenerator<T, void> {
  for await (const item of items) {
    if (cancelled.aborted) return;
    yield item;
  }
}

export type SamplePart = Pick<EvaluationParts, 'started' | 'manifest'> & {
  readonly order: readonly string[];
  /** Of samples in the order. */
  readonly places: { readonly from: number; readonly to: number };
  readonly done: ReadonlySet<string> | null;
};

/** What is left to do of a part, in the seeded order, with the samples' fields read ahead in small portions. */
export async function* sampleRuns(
  context: Context,
  { started, manifest, order, places, done }: SamplePart,
): AsyncGenerator<SampleRun, void> {
  const byId = new Map(manifest.map((entry) => [entry.id, entry]));
  for (let from = places.from; from < places.to; from += PREFETCH) {
    const open = order.slice(from, Math.min(from + PREFETCH, places.to)).flatMap((id, i) => {
      const entry = byId.get(id);
      return entry === undefined ? [] : [{ entry, tasks: tasksOf({ entry, place: from + i }, started, done) }];
    });
    const wanted = open.filter((item) => item.tasks.length > 0).map((item) => item.entry.fields);
    const blobs = wanted.length === 0 ? new Map<string, Uint8Array>() : await context.storage.blobs.readMany(context.workspaceId, wanted);
    for (const item of open) {
      if (item.tasks.length === 0) continue;
      const bytes = blobs.get(item.entry.fields);
      if (bytes === undefined) throw new RiskflowError('failed', `sample "${item.entry.id}" was erased: the evaluation cannot go on`);
      const fields = decodeValues(JSON.parse(textOf(bytes)) as Json);
      for (const task of item.tasks) yield { task, fields };
    }
  }
}

function tasksOf(
  sample: Pick<SampleTask, 'entry' | 'place'>,
  started: EvaluationStarted['data'],
  done: ReadonlySet<string> | null,
): readonly SampleTask[] {
  return started.variants.flatMap((variant) =>
    Array.from({ length: started.options.repeats }, (_, repeat): SampleTask => ({ ...sample, variant, repeat })).filter(
      ({ repeat }) => done === null || !done.has(resultKey(sample.entry.id, variant.name, repeat)),
    ),
  );
}

export type WorkOptions = EvaluationParts & {
  readonly calls: CallLimiter;
  readonly mayBeStored: (effect: Effect) => boolean;
  /** Whether other processes work on the same evaluation. */
  readonly shared: boolean;
};

export type EvaluationWork = {
  readonly context: Context;
  readonly options: EvaluationParts;
  readonly perform: EffectExecutor;
  readonly runIdOf: (task: SampleTask) => string;
  /** By variant: which field fills which input, and which output is the prediction. */
  readonly shapes: ReadonlyMap<string, { readonly plan: Plan; readonly inputs: ReadonlyMap<string, string>; readonly prediction: string }>;
};

export function prepareWork(context: Context, options: WorkOptions): EvaluationWork {
  const { started, plans, models, calls, mayBeStored, shared } = options;
  const shapes = new Map(
    started.variants.map((variant) => {
      const plan = plans.get(variant.name);
      if (plan === undefined) throw new RiskflowError('internal', `variant ${variant.name} has no plan`);
      const inputs = inputFields(plan, options.fieldNames, started.options.inputMap);
      return [variant.name, { plan, inputs, prediction: predictionName(plan, started.options.predict) }] as const;
    }),
  );
  const perform = storedExecutor({
    workspaceId: context.workspaceId,
    effects: context.storage.effects,
    perform: context.effects(models),
    mayBeStored,
    calls,
    reuseKey: reuseKeys(options, context.code),
    shared,
  });
  return { context, options, perform, shapes, runIdOf: (task) => evaluationRunId(started.evaluationId, task) };
}

/**
 * Equal questions are asked once within the evaluation, across variants too. Repeats draw afresh. Variants that mean the same (A/A) share
 * nothing at all: they are there to show the noise, and answers that samples share would make it look larger than it is. A local
 * classifier is not asked over a network, so nothing is gained by reuse.
 */
function reuseKeys(
  { started, models, meanings }: EvaluationParts,
  code: Pick<CodeRunner, 'version'>,
): (effect: Effect) => Promise<ReuseKey | null> {
  const twins = new Set(
    started.variants.map(({ flowVersion, modelMap }) => hashJson([meanings.get(flowVersion) ?? flowVersion, modelMap])),
  );
  const isAA = twins.size < started.variants.length;
  return async (effect) => {
    const { request, contentKey } = effect;
    if (!started.options.reuse || isAA || contentKey === null) return null;
    const version = await answererOf(request, { models, code });
    if (version === null) return null;
    return {
      scope: started.evaluationId,
      contentKey: hash('sha256', JSON.stringify([contentKey, version, repeatOf(effect.runId)])),
    };
  };
}

type Answerers = { readonly models: ModelRouter; readonly code: Pick<CodeRunner, 'version'> };

/** The version of what answers an effect, where its answers are worth sharing: JavaScript is done sooner than an answer is found. */
async function answererOf(request: Effect['request'], { models, code }: Answerers): Promise<string | null> {
  if (request.kind === 'code') return request.language === 'python3' ? code.version(request.language) : null;
  if (request.kind !== 'llm' && request.kind !== 'question-classifier' && request.kind !== 'parameter-extractor') return null;
  const resolved = await models.resolve(request.model);
  return resolved.kind === 'chat' ? resolved.version : null;
}

/**
 * `<evaluation>.<place in the seeded order>.<repeat>.<variant>`: the same each time the evaluation is taken up, and rising, so that rows
 * of runs enter their indexes side by side. With random ids every commit touches many more pages.
 */
const evaluationRunId = (evaluationId: string, { variant, repeat, place }: SampleTask): string =>
  `${evaluationId}.${String(place).padStart(8, '0')}.${repeat}.${variant.name}`;

const repeatOf = (runId: string): number => Number(runId.split('.')[2]);

/** Under whose ownership a run is driven, and what may have happened to it before. */
export type SampleDrive = {
  readonly fence: Fence;
  /** Of the whole evaluation, where `fence` is that of a portion of it. */
  readonly within?: Fence;
  /** Nobody can have begun it before. */
  readonly fresh: boolean;
  readonly signal: AbortSignal;
  /** Of the evaluation, with the reason, a text. */
  readonly cancelled: AbortSignal;
};

/** Runs one sample through one variant and records the result. A run that was cancelled has none. @returns how it ended */
export async function evaluateOne(work: EvaluationWork, run: SampleRun & SampleDrive): Promise<FinishedRunStatus> {
  const { context } = work;
  const { started } = work.options;
  const { task, fields, signal, fence, within, fresh, cancelled } = run;
  const { shape, runId, begin, inputs, query, origin } = beginningOf(work, { task, fields });
  const first = tryStart(context, { ...begin, inputs, ...(query === undefined || query === null ? {} : { query }), origin });
  const resultEnd = (data: ResultSource): RunEnd => resultEndOf(work, task, data);
  if (query === null) {
    const field = shape.inputs.get('sys.query') ?? '';
    return recordRejected(work, run, `the sample has no text in the field "${field}", which is the query of flow "${shape.plan.flow}"`);
  }
  if (first.kind === 'rejected') return recordRejected(work, run, first.message);
  const history = fresh ? [] : await readRun(context, runId);
  const end = history.at(-1);
  // Its result was written with it.
  if (end?.type === 'RunFinished') return end.data.status;
  const outcome = await driveRun(
    { workspaceId: context.workspaceId, events: context.storage.events, perform: work.perform, now: context.now, actor: context.actor },
    {
      plan: await planOfHistory(context, shape.plan, history),
      history,
      started: first.started,
      fence,
      ...(within === undefined ? {} : { within }),
      durableStart: false,
      signal,
      cancelled,
      atEnd: (data) => (data.status === 'stopped' && cancelled.aborted ? { appends: [] } : resultEnd(data)),
    },
  );
  if (outcome.status === 'finished') return outcome.data.status;
  throw takenOver(started.evaluationId);
}

const takenOver = (evaluationId: string): RiskflowError =>
  new RiskflowError('taken_over', `evaluation ${evaluationId} was taken over by another process`);

/** Ends a run that nobody can drive as failed, with that as its result. */
export async function giveUpSample(
  work: EvaluationWork,
  run: SampleRun & Pick<SampleDrive, 'fence' | 'within'> & { readonly error: string },
): Promise<FinishedRunStatus> {
  const { context } = work;
  const { task, fields, fence, within, error } = run;
  const { shape, begin, inputs, query, origin } = beginningOf(work, { task, fields });
  const first = tryStart(context, { ...begin, inputs, ...(typeof query === 'string' ? { query } : {}), origin });
  if (query === null || first.kind === 'rejected') return recordRejected(work, run, error);
  return endAsFailed(context, {
    plan: shape.plan,
    started: first.started,
    fence,
    ...(within === undefined ? {} : { within }),
    error,
    atEnd: (data) => resultEndOf(work, task, data),
  });
}

function beginningOf(work: EvaluationWork, { task, fields }: SampleRun) {
  const { started } = work.options;
  const shape = work.shapes.get(task.variant.name);
  if (shape === undefined) throw new RiskflowError('internal', `variant ${task.variant.name} is unknown`);
  const runId = work.runIdOf(task);
  const target = { sampleId: task.entry.id, variant: task.variant.name, repeat: task.repeat };
  const { pins, modelMap } = task.variant;
  return {
    shape,
    runId,
    begin: { plan: shape.plan, pins, modelMap, runId, mode: 'evaluation' as const },
    origin: { kind: 'sample' as const, evaluationId: started.evaluationId, ...target },
    ...inputsOf(shape.plan, shape.inputs, fields),
  };
}

function resultEndOf(work: EvaluationWork, task: SampleTask, data: ResultSource): RunEnd {
  const { evaluationId } = work.options.started;
  const prediction = work.shapes.get(task.variant.name)?.prediction ?? '';
  const result = resultOf(task, { runId: work.runIdOf(task), evaluationId, prediction, data });
  return { appends: [{ log: 'ledger', stream: evaluationStream(evaluationId), expected: { any: true }, events: [result] }] };
}

/** A sample whose fields the flow's inputs refuse (too long, not a number) is a wrong result with that error, not the end of the evaluation. */
function tryStart(context: Context, start: Parameters<typeof startRun>[1]) {
  try {
    return { kind: 'started' as const, started: startRun(context, start) };
  } catch (error) {
    if (error instanceof RiskflowError && error.code === 'invalid_input') return { kind: 'rejected' as const, message: error.message };
    throw error;
  }
}

/** A result without a run; the claim keeps it the only one. */
async function recordRejected(
  work: EvaluationWork,
  { task, fence, within }: Pick<SampleRun & SampleDrive, 'task' | 'fence' | 'within'>,
  error: string,
): Promise<'failed'> {
  const { context } = work;
  const { evaluationId } = work.options.started;
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    fence,
    ...(within === undefined ? {} : { within }),
    claims: [{ scope: 'evaluation-result', key: work.runIdOf(task), value: '' }],
    ...resultEndOf(work, task, { error }),
  });
  if (written.status === 'stale-fence') throw takenOver(evaluationId);
  return 'failed';
}

function inputsOf(
  plan: Plan,
  fieldByInput: ReadonlyMap<string, string>,
  fields: Values,
): { readonly inputs: Values; readonly query: string | null | undefined } {
  const types = new Map(startVariables(plan).map((variable) => [variable.name, variable.type]));
  const inputs = new Map<string, Value>();
  let query: string | null | undefined = fieldByInput.has('sys.query') ? null : undefined;
  for (const [input, field] of fieldByInput) {
    const value = fields.get(field);
    if (value === undefined) continue;
    if (input === 'sys.query') query = typeof value === 'string' ? value : null;
    // CSV has text only: true and false stand for a checkbox.
    else if (types.get(input) === 'checkbox' && typeof value === 'string') inputs.set(input, /^(true|yes|1)$/i.test(value.trim()));
    else inputs.set(input, value);
  }
  return { inputs, query };
}

type ResultSource = RunFinished['data'] | { readonly error: string };
type ResultParts = { readonly evaluationId: string; readonly runId: string; readonly prediction: string; readonly data: ResultSource };

function resultOf(task: SampleTask, { evaluationId, runId, prediction, data }: ResultParts): ResultRecorded {
  const { entry, variant, repeat } = task;
  const ran = 'status' in data;
  const predicted = ran ? predictionOf(data, prediction) : null;
  const error = ran
    ? data.status === 'succeeded' || data.status === 'partial-succeeded'
      ? null
      : (data.error ?? data.status)
    : data.error;
  return {
    type: 'ResultRecorded',
    data: {
      evaluationId,
      sampleId: entry.id,
      variant: variant.name,
      repeat,
      runId,
      label: entry.label,
      prediction: predicted,
      correct: error === null && predicted !== null && predicted === entry.label,
      error,
      cluster: entry.cluster,
      usage: ran ? data.usage : { inputTokens: null, outputTokens: null, cost: null, calls: 0 },
      reused: ran ? data.reused : 0,
      elapsedMs: ran ? data.effectMs : 0,
    },
  };
}
