import { ApplicationFailure, Context as ActivityContext } from '@temporalio/activity';
import { exitCodeOf, isRiskflowError, messageOf, RiskflowError, type ScheduledRun, type ScheduleRow } from '../../schemas/index.ts';
import type { BegunOccurrence, ScheduledActivities, ScheduledMoment } from '../../workflows/index.ts';
import { wishForEvaluation } from '../commands/evaluations/evaluation-hosts.ts';
import { startRun } from '../commands/runs/run-start.ts';
import type { Context } from '../context.ts';
import { DEFAULT_RUN_TIMEOUT_MS } from '../embedded/run-host.ts';
import { occurrenceIdOf } from '../schedules/occurrence-id.ts';
import { asSchedule, performHere, scheduledStart } from '../schedules/perform-occurrence.ts';
import { readAllSchedules, recordEnd, recordOccurrence } from '../schedules/schedule-ledger.ts';
import { workIdOf } from '../schedules/scheduler.ts';
import { timesOf } from '../schedules/timing.ts';
import { openAppClient } from './open-client.ts';
import { runLabels, workflowIdOf } from './run-labels.ts';
import { attributePairs, knownAttributes, runAttributes, type KnownAttributes } from './search-attributes.ts';

const BEAT_MS = 3_000;

/** The activities of the workflow `scheduled`, over what the application has. */
export function scheduleActivities(app: Context): ScheduledActivities {
  const context = asSchedule(app);
  const perform = performHere(context, 'temporal');
  let known: Promise<KnownAttributes> | undefined;
  const attributes = (): Promise<KnownAttributes> => (known ??= lookUp(context));
  return {
    beginOccurrence: (moment) => told(() => begin(context, moment, attributes)),
    evaluateOccurrence: (moment) =>
      whileBeating(async (signal) => {
        const { schedule, scheduledFor } = moment;
        const row = await rowOf(context, moment);
        if (row === undefined) return { status: 'failed', detail: 'the schedule is gone' };
        return perform({ row, scheduledFor, occurrenceId: occurrenceIdOf(schedule, scheduledFor) }, signal).catch((error: unknown) => {
          if (signal.aborted || !isMistake(error)) throw error;
          return { status: 'failed' as const, detail: messageOf(error) };
        });
      }),
    endOccurrence: ({ workspaceId, schedule, scheduledFor, status, detail, cancelled }) =>
      told(async () => {
        if (cancelled === true) await cancelEvaluation(context, { workspaceId, schedule, scheduledFor });
        await recordEnd(context, { schedule, occurrenceId: occurrenceIdOf(schedule, scheduledFor), scheduledFor, status, detail });
      }),
  };
}

/** Its workflow is not a child of the one that was cancelled. */
async function cancelEvaluation(context: Context, moment: ScheduledMoment): Promise<void> {
  const row = await rowOf(context, moment);
  if (row === undefined) return;
  const reason = `the workflow of schedule ${row.schedule} was cancelled in Temporal`;
  try {
    await wishForEvaluation(context, workIdOf(row, moment.scheduledFor), { wish: 'cancel', reason });
  } catch (error) {
    // It was not begun yet.
    if (!isRiskflowError(error) || error.code !== 'not_found') throw error;
  }
}

async function rowOf(context: Context, { workspaceId, schedule }: ScheduledMoment): Promise<ScheduleRow | undefined> {
  if (workspaceId !== context.workspaceId)
    throw new RiskflowError('not_found', `this worker does not serve the workspace "${workspaceId}"`);
  return (await readAllSchedules(context)).find((row) => row.schedule === schedule);
}

async function begin(context: Context, moment: ScheduledMoment, attributes: () => Promise<KnownAttributes>): Promise<BegunOccurrence> {
  const { schedule, scheduledFor } = moment;
  const row = await rowOf(context, moment);
  if (row === undefined || row.state === 'deleted') return { kind: 'nothing', reason: 'the schedule was deleted' };
  const occurrenceId = occurrenceIdOf(schedule, scheduledFor);
  const workId = workIdOf(row, scheduledFor);
  const triggered = timesOf(row.settings)(scheduledFor - 1) !== scheduledFor;
  const data = { schedule, occurrenceId, scheduledFor, triggered, workId, outcome: 'started' as const, reason: null };
  const recorded = await recordOccurrence(context, data);
  if (recorded.status === 'known') {
    if (recorded.value !== 'started') return { kind: 'nothing', reason: 'it was skipped' };
    if ((await context.storage.events.readClaim(context.workspaceId, 'schedule-end', occurrenceId)) !== undefined)
      return { kind: 'nothing', reason: 'it is over' };
  }
  const { work } = row.settings;
  if (work.kind === 'evaluation') return { kind: 'evaluation', evaluationId: workId };
  try {
    return await beginRun(context, { row, scheduledFor, work }, await attributes());
  } catch (error) {
    if (!isMistake(error)) throw error;
    const reason = messageOf(error);
    await recordEnd(context, { schedule, occurrenceId, scheduledFor, status: 'failed', detail: reason });
    return { kind: 'nothing', reason };
  }
}

async function beginRun(
  context: Context,
  occurrence: { readonly row: ScheduleRow; readonly scheduledFor: number; readonly work: ScheduledRun },
  known: KnownAttributes,
): Promise<BegunOccurrence> {
  const { workspaceId, actor, settings } = context;
  const { plan, start } = await scheduledStart(context, occurrence);
  const { flowVersion } = plan;
  const timeoutMs = settings.config.runTimeoutMs ?? DEFAULT_RUN_TIMEOUT_MS;
  const args = { workspaceId, runId: start.runId, flowVersion, started: startRun(context, start), actor, timeoutMs };
  const searchAttributes = Object.fromEntries(
    attributePairs(runAttributes(args), known).map(({ key, value }) => [key.name, String(value)]),
  );
  return { kind: 'run', args, workflowId: workflowIdOf(args), labels: { ...runLabels(args), searchAttributes } };
}

/** Something that a person must mend: trying again changes nothing. */
const isMistake = (error: unknown): boolean => isRiskflowError(error) && exitCodeOf(error) === 2;

async function lookUp(context: Context): Promise<KnownAttributes> {
  const opened = await openAppClient(context);
  try {
    return await knownAttributes(opened.connection, context.settings.temporal?.namespace ?? 'default');
  } finally {
    await opened.close();
  }
}

async function told<T>(perform: () => Promise<T>): Promise<T> {
  try {
    return await perform();
  } catch (error) {
    throw ApplicationFailure.create({
      message: messageOf(error),
      type: isRiskflowError(error) ? error.code : 'unexpected',
      nonRetryable: isMistake(error),
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }
}

/** Gives signs of life, by which a cancellation comes back. */
async function whileBeating<T>(perform: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const activity = ActivityContext.current();
  const timer = setInterval(() => activity.heartbeat(), BEAT_MS);
  try {
    return await told(() => perform(activity.cancellationSignal));
  } catch (error) {
    // Told as what it is, else the workflow would take it for a failure.
    activity.cancellationSignal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
  }
}
