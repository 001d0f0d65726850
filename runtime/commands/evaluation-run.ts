import { hash } from 'node:crypto';
import { seededOrder } from '../../evaluation/index.ts';
import { createCallLimiter, storedExecutor, type ReuseKey } from '../../activities/index.ts';
import { startVariables, type Plan } from '../../flow/index.ts';
import {
  decodeValues,
  hashJson,
  RiskflowError,
  type Effect,
  type EffectExecutor,
  type EvaluationStarted,
  type ManifestEntry,
  type ModelRouter,
  type ResultRecorded,
  type RunFinished,
  type Value,
  type Values,
  type Variant,
  type Json,
} from '../../schemas/index.ts';
import { textOf, type Context, type OnProgress } from '../context.ts';
import { driveRun, type RunEnd } from '../embedded/run-host.ts';
import type { HeldLease } from '../leases.ts';
import { inputFields, predictionName } from './evaluation-request.ts';
import { inWindow } from './in-window.ts';
import { predictionOf } from './prediction.ts';
import { readRun } from './run-reads.ts';
import { startRun } from './run-start.ts';

export type ExecuteOptions = {
  readonly started: EvaluationStarted['data'];
  readonly manifest: readonly ManifestEntry[];
  readonly fieldNames: readonly string[];
  /** By variant name. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** Hash of what a flow version means, by version. */
  readonly meanings: ReadonlyMap<string, string>;
  readonly models: ModelRouter;
  readonly lease: HeldLease;
  /** Calls in flight at most. */
  readonly concurrency: number;
  /** Results that are there already, as `resultKey`; null for a first start, which cannot have any. */
  readonly done: ReadonlySet<string> | null;
  readonly signal: AbortSignal;
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
type Task = { readonly entry: ManifestEntry; readonly place: number; readonly variant: Variant; readonly repeat: number };

/**
 * Runs every sample through every variant, in the seeded order, and records a result each. An aborted run leaves no result; it is
 * begun or continued when the evaluation is resumed.
 */
export async function executeEvaluation(context: Context, options: ExecuteOptions): Promise<void> {
  const { started, done, lease, onProgress } = options;
  const signal = AbortSignal.any([options.signal, lease.signal]);
  const total = started.n * started.variants.length * started.options.repeats;
  let finished = done?.size ?? 0;
  const label = `evaluation ${started.evaluationId}`;
  onProgress({ label, done: finished, total });
  const work = prepareWork(context, options);
  await inWindow(tasks(context, options), { size: runsInFlight(options.concurrency), signal }, async ({ task, fields }, taskSignal) => {
    await evaluateOne(work, { task, fields, signal: taskSignal });
    finished++;
    onProgress({ label, done: finished, total });
  });
}

/** What is left to do, in the seeded order, with the samples' fields read ahead in small portions. */
async function* tasks(context: Context, options: ExecuteOptions): AsyncGenerator<{ readonly task: Task; readonly fields: Values }, void> {
  const { started, manifest, done } = options;
  const byId = new Map(manifest.map((entry) => [entry.id, entry]));
  const order = seededOrder(manifest, started.options.seed);
  for (let from = 0; from < order.length; from += PREFETCH) {
    const open = order.slice(from, from + PREFETCH).flatMap((id, i) => {
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
  sample: Pick<Task, 'entry' | 'place'>,
  started: EvaluationStarted['data'],
  done: ReadonlySet<string> | null,
): readonly Task[] {
  return started.variants.flatMap((variant) =>
    Array.from({ length: started.options.repeats }, (_, repeat): Task => ({ ...sample, variant, repeat })).filter(
      ({ repeat }) => done === null || !done.has(resultKey(sample.entry.id, variant.name, repeat)),
    ),
  );
}

type Work = {
  readonly context: Context;
  readonly options: ExecuteOptions;
  readonly perform: EffectExecutor;
  /** By variant: which field fills which input, and which output is the prediction. */
  readonly shapes: ReadonlyMap<string, { readonly plan: Plan; readonly inputs: ReadonlyMap<string, string>; readonly prediction: string }>;
};

function prepareWork(context: Context, options: ExecuteOptions): Work {
  const { started, plans, models } = options;
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
    mayBeStored: () => options.done !== null,
    calls: createCallLimiter(options.concurrency),
    reuseKey: reuseKeys(options),
  });
  return { context, options, perform, shapes };
}

/**
 * Equal questions are asked once within the evaluation, across variants too. Repeats draw afresh. Variants that mean the same (A/A) share
 * nothing at all: they are there to show the noise, and answers that samples share would make it look larger than it is. A local
 * classifier is not asked over a network, so nothing is gained by reuse.
 */
function reuseKeys({ started, models, meanings }: ExecuteOptions): (effect: Effect) => Promise<ReuseKey | null> {
  const twins = new Set(
    started.variants.map(({ flowVersion, modelMap }) => hashJson([meanings.get(flowVersion) ?? flowVersion, modelMap])),
  );
  const isAA = twins.size < started.variants.length;
  return async (effect) => {
    const { request, contentKey } = effect;
    if (!started.options.reuse || isAA || contentKey === null) return null;
    if (request.kind !== 'llm' && request.kind !== 'question-classifier') return null;
    const resolved = await models.resolve(request.model);
    if (resolved.kind !== 'chat') return null;
    return {
      scope: started.evaluationId,
      contentKey: hash('sha256', JSON.stringify([contentKey, resolved.version, repeatOf(effect.runId)])),
    };
  };
}

/**
 * `<evaluation>.<place in the seeded order>.<repeat>.<variant>`: the same each time the evaluation is taken up, and rising, so that rows
 * of runs enter their indexes side by side. With random ids every commit touches many more pages.
 */
const evaluationRunId = (evaluationId: string, { variant, repeat, place }: Task): string =>
  `${evaluationId}.${String(place).padStart(8, '0')}.${repeat}.${variant.name}`;

const repeatOf = (runId: string): number => Number(runId.split('.')[2]);

async function evaluateOne(
  work: Work,
  { task, fields, signal }: { readonly task: Task; readonly fields: Values; readonly signal: AbortSignal },
): Promise<void> {
  const { context, options } = work;
  const { started, lease } = options;
  const shape = work.shapes.get(task.variant.name);
  if (shape === undefined) throw new RiskflowError('internal', `variant ${task.variant.name} is unknown`);
  const target = { sampleId: task.entry.id, variant: task.variant.name, repeat: task.repeat };
  const runId = evaluationRunId(started.evaluationId, task);
  const { inputs, query } = inputsOf(shape.plan, shape.inputs, fields);
  const begin = { plan: shape.plan, inputs, pins: task.variant.pins, modelMap: task.variant.modelMap, runId, mode: 'evaluation' as const };
  const first = tryStart(context, {
    ...begin,
    ...(query === undefined || query === null ? {} : { query }),
    origin: { kind: 'sample', evaluationId: started.evaluationId, ...target },
  });
  const resultEnd = (data: ResultSource): RunEnd => ({
    appends: [
      {
        log: 'ledger',
        stream: evaluationStream(started.evaluationId),
        expected: { any: true },
        events: [resultOf(task, { runId, evaluationId: started.evaluationId, prediction: shape.prediction, data })],
      },
    ],
  });
  if (query === null) {
    return recordRejected(
      work,
      resultEnd({
        error: `the sample has no text in the field "${shape.inputs.get('sys.query') ?? ''}", which is the query of flow "${shape.plan.flow}"`,
      }),
    );
  }
  if (first.kind === 'rejected') return recordRejected(work, resultEnd({ error: first.message }));
  const history = options.done === null ? [] : await readRun(context, runId);
  const outcome = await driveRun(
    { workspaceId: context.workspaceId, events: context.storage.events, perform: work.perform, now: context.now, actor: context.actor },
    { plan: shape.plan, history, started: first.started, fence: lease.fence, durableStart: false, signal, atEnd: resultEnd },
  );
  if (outcome.status === 'taken-over')
    throw new RiskflowError('busy', `evaluation ${started.evaluationId} was taken over by another process`);
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

async function recordRejected({ context, options }: Work, end: RunEnd): Promise<void> {
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    fence: options.lease.fence,
    ...end,
  });
  if (written.status !== 'written')
    throw new RiskflowError('busy', `evaluation ${options.started.evaluationId} was taken over by another process`);
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

function resultOf(task: Task, { evaluationId, runId, prediction, data }: ResultParts): ResultRecorded {
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
