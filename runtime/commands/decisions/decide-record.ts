import { interpreterFor, type Plan } from '../../../flow/index.ts';
import {
  isObject,
  parseJson,
  RiskflowError,
  type EffectExecutor,
  type Fence,
  type ObjectValue,
  type RunEvent,
  type RunStarted,
  type WriteUnit,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { driveRun, LOG_OF_RUNS, runStream, type RunEnd } from '../../embedded/run-host.ts';
import type { DuplicateRule, PendingRecord } from '../duplicate-keys.ts';
import { decisionEnd, isDecided, runIdOf, type Conclusion, type DecidedBy, type DecisionName } from './record-decision.ts';
import { recordInputs } from './record-inputs.ts';
import { readRun } from '../runs/run-reads.ts';
import { startRun } from '../runs/run-start.ts';
import { stopReason } from '../runs/run-stop.ts';
import type { SourceSettings } from '../sources/source-settings.ts';

/** What the records of one start are decided with. */
export type RecordWork = {
  readonly context: Context;
  readonly source: SourceSettings;
  readonly plan: Plan;
  readonly planOf: (begun: RunStarted['data']) => Promise<Plan>;
  readonly perform: EffectExecutor;
  /** Runs that go on where an earlier start left them: their effects may have results. */
  readonly resumed: Set<string>;
  readonly rule: DuplicateRule;
  readonly fence: Fence;
  readonly durableStart: boolean;
};

export type RecordTask = {
  readonly record: PendingRecord;
  readonly name: DecisionName;
  /** An earlier start may have begun its run. */
  readonly mayBeBegun: boolean;
};

/**
 * Runs the flow over a record and writes the decision with the last events of the run. A run that an earlier start left unfinished
 * goes on from its events, under the version that it began with. A run that fails is a decision too.
 */
export async function decideRecord(work: RecordWork, task: RecordTask, signal: AbortSignal): Promise<'decided' | 'failed'> {
  const { context, fence, resumed, rule } = work;
  const { workspaceId, storage, now, actor } = context;
  const { runTimeoutMs } = context.settings.config;
  const run = await beginOrResume(work, task);
  if ('refusal' in run) return refuse(work, task, run.refusal);
  const { plan, history, started } = run;
  if (history.length > 0) resumed.add(started.data.runId);
  const outcome = await driveRun(
    { workspaceId, events: storage.events, perform: work.perform, now, actor },
    {
      plan,
      history,
      started,
      fence,
      signal,
      durableStart: work.durableStart,
      stopRequested: () => stopReason(work.context, started.data.runId),
      atEnd: (finished) => endOf(work, task, { plan, conclusion: finished }),
      ...(runTimeoutMs === undefined ? {} : { timeoutMs: runTimeoutMs }),
    },
  );
  if (outcome.status !== 'finished') throw takenOver(work);
  resumed.delete(started.data.runId);
  rule.settled(task.record);
  return isDecided(outcome.data.status) ? 'decided' : 'failed';
}

type BegunRun = { readonly plan: Plan; readonly history: readonly RunEvent[]; readonly started: RunStarted };

async function beginOrResume(work: RecordWork, task: RecordTask): Promise<BegunRun | { readonly refusal: string }> {
  const { context, plan, source } = work;
  const begun = await begunRun(work, task);
  if (begun !== null) return begun;
  const read = recordInputs(plan, source, fieldsOf(task.record));
  if (!read.ok) return { refusal: read.message };
  const { recordId } = task.record;
  const started = startRun(context, {
    plan,
    inputs: read.inputs,
    ...(read.query === undefined ? {} : { query: read.query }),
    runId: runIdOf(task.name),
    mode: task.name.mode,
    origin: { kind: 'record', sourceId: source.sourceId, recordId },
  });
  return { plan, history: [], started };
}

/** The run as an earlier start left it, or null. */
async function begunRun({ context, planOf }: RecordWork, { name, mayBeBegun }: RecordTask): Promise<BegunRun | null> {
  if (!mayBeBegun) return null;
  const history = await readRun(context, runIdOf(name));
  const started = history[0];
  return started?.type === 'RunStarted' ? { plan: await planOf(started.data), history, started } : null;
}

function fieldsOf(record: PendingRecord): ObjectValue {
  const parsed = parseJson(record.body);
  if (parsed.ok && isObject(parsed.value)) return parsed.value;
  throw new RiskflowError('internal', `record ${record.recordId} in the inbox is not a JSON object`);
}

/** The flow has changed since the record was taken in, and its inputs refuse it now. */
async function refuse(work: RecordWork, task: RecordTask, error: string): Promise<'failed'> {
  await write(work, endOf(work, task, { plan: work.plan, conclusion: { status: 'failed', outputs: null, error } }));
  work.rule.settled(task.record);
  return 'failed';
}

function endOf(
  work: RecordWork,
  { record, name }: RecordTask,
  { plan, conclusion }: { readonly plan: Plan; readonly conclusion: Conclusion },
): RunEnd {
  const by: DecidedBy = { name, flow: plan.flow, flowVersion: plan.flowVersion };
  const end = decisionEnd(record, by, conclusion);
  return { ...end, claims: [...(end.claims ?? []), ...work.rule.claims(record)] };
}

/** A record that another one with its key stands in for: it is not decided, and a run begun for it is stopped. */
export async function supersedeRecord(work: RecordWork, task: RecordTask): Promise<'superseded'> {
  const { context, fence, source } = work;
  const { recordId } = task.record;
  const begun = await begunRun(work, task);
  await write(work, {
    appends: [],
    ...(begun === null ? {} : stopOf(begun)),
    inboxDone: [{ sourceId: source.sourceId, recordId, outcome: 'superseded' }],
  });
  return 'superseded';

  function stopOf({ plan, history, started }: BegunRun): Pick<WriteUnit, 'appends' | 'runStatus'> {
    const { runId, flow, flowVersion, mode } = started.data;
    const { evolve, initialState, requestStop } = interpreterFor(plan);
    const state = evolve(plan, initialState(plan), history);
    const { facts } = requestStop(plan, state, { now: context.now(), reason: 'a record with the same key stands in for this one' });
    return {
      appends: [{ log: LOG_OF_RUNS, stream: runStream(runId), events: facts, expected: { from: history.length + 1 } }],
      runStatus: [{ runId, flow, flowVersion, mode, status: 'stopped', resource: fence.resource }],
    };
  }
}

async function write(
  { context, fence, source }: RecordWork,
  unit: Pick<WriteUnit, 'appends' | 'claims' | 'blobs' | 'runStatus' | 'inboxDone'>,
): Promise<void> {
  const { workspaceId, actor } = context;
  const written = await context.storage.events.write({ workspaceId, actor, fence, ...unit });
  if (written.status === 'stale-fence') throw takenOver({ source });
  if (written.status !== 'written')
    throw new RiskflowError('internal', `a decision of source "${source.sourceId}" could not be written: ${written.status}`);
}

const takenOver = ({ source }: Pick<RecordWork, 'source'>): RiskflowError =>
  new RiskflowError('busy', `source "${source.sourceId}" was taken over by another process`);
