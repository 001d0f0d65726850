import { decodeValues, RiskflowError, type ScheduledEvaluation, type ScheduledRun, type ScheduledVariant } from '../../schemas/index.ts';
import type { Plan } from '../../flow/index.ts';
import { evaluateOn, goOnWithEvaluation, type EvaluationHost } from '../commands/evaluations/evaluation-hosts.ts';
import type { EvaluationRequest } from '../commands/evaluations/evaluation-request.ts';
import { evaluationStream } from '../commands/evaluations/evaluation-run.ts';
import { loadPlan } from '../commands/flows.ts';
import { driveOwnRun, withRunLease } from '../commands/runs/run-flow.ts';
import { readRun } from '../commands/runs/run-reads.ts';
import { resumeRun } from '../commands/runs/run-resume.ts';
import { startRun, type RunStart } from '../commands/runs/run-start.ts';
import type { Context } from '../context.ts';
import { scheduledWindow } from './scheduled-window.ts';
import { workIdOf } from './scheduler.ts';
import type { OccurrenceOutcome, OccurrenceWork, PerformOccurrence } from './scheduler-types.ts';

/**
 * Does the work of occurrences through the same functions as `riskflow run` and `riskflow eval run`: runs in this process, evaluations where
 * `host` says.
 */
export const performHere =
  (app: Context, host: EvaluationHost): PerformOccurrence =>
  (occurrence, signal) => {
    const { work } = occurrence.row.settings;
    const context = asSchedule(app);
    return work.kind === 'run'
      ? performRun(context, { occurrence, work, signal })
      : performEvaluation(context, { occurrence, work, signal, host });
  };

/** Nobody in particular asks for what a schedule does. */
export const asSchedule = (context: Context): Context => ({ ...context, actor: 'schedule' });

type Task<W> = { readonly occurrence: OccurrenceWork; readonly work: W; readonly signal: AbortSignal };

async function performRun(context: Context, { occurrence, work, signal }: Task<ScheduledRun>): Promise<OccurrenceOutcome> {
  const runId = workIdOf(occurrence.row, occurrence.scheduledFor);
  const known = await context.storage.events.runStatus(context.workspaceId, runId);
  const finished =
    known === undefined
      ? await withRunLease(context, runId, async (lease) => {
          // Only now nobody else can have begun it.
          const isThere = (await readRun(context, runId)).length > 0;
          if (isThere) throw new RiskflowError('busy', `run ${runId} was begun by another process`);
          const { plan, start } = await scheduledStart(context, { ...occurrence, work });
          const run = { plan, started: startRun(context, start), history: [], lease, models: context.models() };
          return driveOwnRun(context, run, { signal });
        })
      : await resumeRun(context, runId, { signal });
  // It is not over: whoever answers goes on with it.
  if (finished.status === 'paused') return { status: 'failed', detail: `run ${runId} waits for a person: riskflow run --answer ${runId}` };
  return { status: finished.status, detail: finished.error };
}

export type ScheduledStart = { readonly plan: Plan; readonly start: RunStart };

/** How the run of an occurrence begins. @throws RiskflowError when its flow is gone, or does not take these inputs any more */
export async function scheduledStart(
  context: Context,
  { row, scheduledFor, work }: Omit<OccurrenceWork, 'occurrenceId'> & { readonly work: ScheduledRun },
): Promise<ScheduledStart> {
  const plan = await loadPlan(context, await versionOf(context, work));
  const fixed = decodeValues(work.inputs);
  const inputs = work.window === undefined ? fixed : new Map([...fixed, ...(await scheduledWindow(context, work.window))]);
  const start: RunStart = {
    plan,
    inputs,
    pins: work.pins,
    modelMap: work.modelMap,
    runId: workIdOf(row, scheduledFor),
    mode: 'scheduled',
    origin: { kind: 'schedule', schedule: row.schedule, scheduledFor },
    ...(work.query === null ? {} : { query: work.query }),
  };
  return { plan, start };
}

/** The version that is meant now. Only what is published counts: a file of that name in the server's folder does not. */
async function versionOf(context: Context, { flow, flowVersion }: Pick<ScheduledVariant, 'flow' | 'flowVersion'>): Promise<string> {
  if (flowVersion !== null) return flowVersion;
  await context.storage.projections.catchUp(context.workspaceId);
  const latest = (await context.storage.read.flowVersions(context.workspaceId, flow)).at(-1);
  if (latest === undefined) throw new RiskflowError('not_found', `there is no flow "${flow}"`);
  return latest.version;
}

async function performEvaluation(
  context: Context,
  { occurrence, work, signal, host }: Task<ScheduledEvaluation> & { readonly host: EvaluationHost },
): Promise<OccurrenceOutcome> {
  const evaluationId = workIdOf(occurrence.row, occurrence.scheduledFor);
  const [begun] = await context.storage.events.readStream(context.workspaceId, evaluationStream(evaluationId), { limit: 1 });
  const options = { signal, onProgress: () => undefined, report: null, on: host };
  const { verdict } =
    begun === undefined
      ? await evaluateOn(context, { ...(await scheduledRequest(context, work)), evaluationId }, options)
      : await goOnWithEvaluation(context, evaluationId, { ...options, respectPause: true });
  return { status: 'succeeded', detail: verdict };
}

async function scheduledRequest(context: Context, { variants, samples, options }: ScheduledEvaluation): Promise<EvaluationRequest> {
  const resolved = [];
  for (const variant of variants) {
    const { name, flow, modelMap, pins } = variant;
    resolved.push({ name, flow: `${flow}:${await versionOf(context, variant)}`, modelMap, pins });
  }
  return { ...options, variants: resolved, samples };
}
