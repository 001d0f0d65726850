import type { RecordView } from '../../connectors/index.ts';
import { interpreterFor, type Plan } from '../../flow/index.ts';
import {
  hashJson,
  RiskflowError,
  type ArrivedRecord,
  type DecisionBeside,
  type DecisionMade,
  type EffectExecutor,
  type Fence,
  type Json,
  type Pin,
  type RunEvent,
  type RunStarted,
  type SourceSettings,
  type WriteUnit,
} from '../../schemas/index.ts';
import { readRun } from '../commands/runs/run-reads.ts';
import { startRun } from '../commands/runs/run-start.ts';
import { stopReason } from '../commands/runs/run-stop.ts';
import type { Context } from '../context.ts';
import { driveRun, LOG_OF_RUNS, runStream, type RunEnd } from '../embedded/run-host.ts';
import { collectFindings } from './collect-run.ts';
import type { DuplicateRule } from './duplicate-keys.ts';
import {
  decisionEnd,
  decisionOf,
  isDecided,
  NO_FINDINGS,
  runIdOf,
  type Conclusion,
  type DecidedBy,
  type DecisionName,
} from './record-decision.ts';
import { recordInputs, viewOf, type RecordReading } from './record-inputs.ts';

/** What the records of a part of a source are decided with. */
export type RecordWork = {
  readonly context: Context;
  readonly sourceId: string;
  readonly settings: SourceSettings;
  readonly reading: RecordReading;
  /** The plan that a run was begun with. */
  readonly planOf: (begun: RunStarted['data']) => Promise<Plan>;
  readonly perform: EffectExecutor;
  /** Runs that go on where an earlier owner left them: their effects may have results. */
  readonly resumed: Set<string>;
  readonly rule: DuplicateRule;
  readonly fence: Fence;
  /** Whether runs of a plan can have effects: else they are over as soon as they begin. */
  readonly performsEffects: (plan: Plan) => boolean;
};

export type RecordTask = {
  readonly record: ArrivedRecord;
  readonly name: DecisionName;
  readonly stage: NonNullable<DecisionMade['data']['stage']>;
  /** Decides the record unless an earlier owner has begun its run under another one. */
  readonly plan: Plan;
  /** An earlier owner may have begun its run. */
  readonly mayBeBegun: boolean;
  readonly pins?: Readonly<Record<string, Pin>>;
  /** A decision beside this one is still to be made, and the record is not done before it is: else a crash between the two would lose it. */
  readonly leavesPending?: boolean;
  /** What another decision about the record said. */
  readonly against?: DecisionMade['data']['against'];
  /** The live decision that this one is beside, and with which the record is done. */
  readonly live?: DecisionMade['data'];
};

/**
 * Runs the flow over a record and writes the decision with the last events of the run. A run that an earlier owner left unfinished
 * goes on from its events, under the version that it began with. A run that fails is a decision too.
 */
export async function decideRecord(work: RecordWork, task: RecordTask, signal: AbortSignal): Promise<DecisionMade['data']> {
  const { context, fence, resumed, rule } = work;
  const { workspaceId, storage, now, actor } = context;
  const { runTimeoutMs } = context.settings.config;
  const run = await beginOrResume(work, task);
  if ('refusal' in run) return decideWithoutRun(work, task, { error: run.refusal, reason: 'input_refused' });
  const { plan, history, started } = run;
  if (history.length > 0) resumed.add(started.data.runId);
  const { see, findings } = collectFindings(plan);
  history.forEach(see);
  let decided: DecisionMade['data'] | undefined;
  const outcome = await driveRun(
    { workspaceId, events: storage.events, perform: work.perform, now, actor },
    {
      plan,
      history,
      started,
      fence,
      signal,
      durableStart: work.performsEffects(plan),
      stopRequested: () => stopReason(context, started.data.runId),
      onEvent: see,
      atEnd: (conclusion) => {
        const by = { ...decidedBy(work, task, plan), inputsHash: inputsHashOf(started), findings: findings() };
        const decision = decisionOf(task.record, by, conclusion);
        decided = decision.data;
        return endOf(work, task, decision);
      },
      ...(runTimeoutMs === undefined ? {} : { timeoutMs: runTimeoutMs }),
    },
  );
  if (outcome.status !== 'finished' || decided === undefined) throw takenOver(work);
  resumed.delete(started.data.runId);
  rule.settled(task.record);
  return decided;
}

/** A decision without a run: its flow refuses the record, or nobody may ask it. */
export async function decideWithoutRun(
  work: RecordWork,
  task: RecordTask,
  { error, reason }: { readonly error: string; readonly reason: string },
): Promise<DecisionMade['data']> {
  const by = { ...decidedBy(work, task, task.plan), inputsHash: null, findings: NO_FINDINGS, reason };
  const conclusion: Conclusion = { status: 'failed', outputs: null, error };
  const decision = decisionOf(task.record, by, conclusion);
  const begun = await begunRun(work, task);
  const stopped = begun === null ? undefined : stopOf(work, begun, error);
  const end = endOf(work, task, decision);
  await write(work, { ...end, ...stopped, appends: [...(stopped?.appends ?? []), ...end.appends] });
  work.rule.settled(task.record);
  return decision.data;
}

function decidedBy(
  { context, settings }: RecordWork,
  { name, stage, against, live }: RecordTask,
  { flow, flowVersion }: Plan,
): Omit<DecidedBy, 'inputsHash' | 'findings'> {
  const { fallback } = settings.decide;
  return {
    name,
    stage,
    flow,
    flowVersion,
    against: live === undefined ? (against ?? null) : besideOf(live),
    fallback: name.mode === 'live' ? fallback : { mode: 'none' },
    now: context.now(),
  };
}

/** The hash of what the run was given. */
const inputsHashOf = ({ data: { inputs, system } }: RunStarted): string => hashJson({ inputs, query: queryIn(system) });
const queryIn = (system: Json): Json =>
  typeof system === 'object' && system !== null && !Array.isArray(system) && 'query' in system ? (system['query'] ?? null) : null;

const besideOf = ({ decisionId, flow, flowVersion, label, action }: DecisionMade['data']): DecisionBeside => ({
  decisionId,
  flow,
  flowVersion,
  label,
  action,
});

/** What is written with a decision: the claims of its key, and whether its record is done. */
function endOf({ rule, sourceId }: RecordWork, { record, name, leavesPending, live }: RecordTask, decision: MadeDecision): RunEnd {
  const { inboxDone, ...end } = decisionEnd(record, decision);
  if (live !== undefined) return { ...end, inboxDone: [{ sourceId, recordId: record.recordId, outcome: outcomeOf(live) }] };
  if (name.mode !== 'live') return end;
  const claims = [...(end.claims ?? []), ...rule.claims(record)];
  return leavesPending === true || inboxDone === undefined ? { ...end, claims } : { ...end, claims, inboxDone };
}

const outcomeOf = ({ status, action }: Pick<DecisionMade['data'], 'status' | 'action'>): 'decided' | 'failed' =>
  isDecided(status) || action !== null ? 'decided' : 'failed';

/** Ends a record whose live decision was made, and whose decision beside it is not wanted any more. */
export async function finishRecord(work: RecordWork, made: DecisionMade['data']): Promise<void> {
  const { sourceId, recordId } = made;
  await write(work, { appends: [], inboxDone: [{ sourceId, recordId, outcome: outcomeOf(made) }] });
}

type MadeDecision = ReturnType<typeof decisionOf>;
type BegunRun = { readonly plan: Plan; readonly history: readonly RunEvent[]; readonly started: RunStarted };

async function beginOrResume(work: RecordWork, task: RecordTask): Promise<BegunRun | { readonly refusal: string }> {
  const { context, sourceId, reading } = work;
  const begun = await begunRun(work, task);
  if (begun !== null) return begun;
  const { plan, record, name, pins } = task;
  const view: RecordView = viewOf(record);
  const read = recordInputs(plan, reading, view);
  if (!read.ok) return { refusal: read.message };
  const started = startRun(context, {
    plan,
    inputs: read.inputs,
    ...(read.query === undefined ? {} : { query: read.query }),
    ...(pins === undefined ? {} : { pins }),
    runId: runIdOf(name),
    mode: name.mode,
    origin: { kind: 'record', sourceId, recordId: record.recordId },
  });
  return { plan, history: [], started };
}

/** The run as an earlier owner left it, or null. */
async function begunRun(
  { context, planOf }: RecordWork,
  { name, mayBeBegun }: Pick<RecordTask, 'name' | 'mayBeBegun'>,
): Promise<BegunRun | null> {
  if (!mayBeBegun) return null;
  const history = await readRun(context, runIdOf(name));
  const started = history[0];
  return started?.type === 'RunStarted' ? { plan: await planOf(started.data), history, started } : null;
}

/** A record that another one with its key stands in for: it is not decided, and a run begun for it is stopped. */
export async function supersedeRecord(work: RecordWork, task: Pick<RecordTask, 'record' | 'name' | 'mayBeBegun'>): Promise<void> {
  const { sourceId } = work;
  const { recordId } = task.record;
  const begun = await begunRun(work, task);
  await write(work, {
    appends: [],
    ...(begun === null ? {} : stopOf(work, begun, 'a record with the same key stands in for this one')),
    inboxDone: [{ sourceId, recordId, outcome: 'superseded' }],
  });
}

/** What ends a run that an earlier owner has begun, and that nobody goes on with. */
function stopOf(
  { context, fence }: RecordWork,
  { plan, history, started }: BegunRun,
  reason: string,
): Pick<WriteUnit, 'appends' | 'runStatus'> {
  const { runId, flow, flowVersion, mode } = started.data;
  const { evolve, initialState, requestStop } = interpreterFor(plan);
  const state = evolve(plan, initialState(plan), history);
  const { facts } = requestStop(plan, state, { now: context.now(), reason });
  return {
    appends: [{ log: LOG_OF_RUNS, stream: runStream(runId), events: facts, expected: { from: history.length + 1 } }],
    runStatus: [{ runId, flow, flowVersion, mode, status: 'stopped', resource: fence.resource }],
  };
}

async function write(work: RecordWork, unit: Pick<WriteUnit, 'appends' | 'claims' | 'blobs' | 'runStatus' | 'inboxDone'>): Promise<void> {
  const { context, fence, sourceId } = work;
  const { workspaceId, actor } = context;
  const written = await context.storage.events.write({ workspaceId, actor, fence, ...unit });
  if (written.status === 'stale-fence') throw takenOver(work);
  if (written.status !== 'written')
    throw new RiskflowError('internal', `a decision of source "${sourceId}" could not be written: ${written.status}`);
}

const takenOver = ({ sourceId }: Pick<RecordWork, 'sourceId'>): RiskflowError =>
  new RiskflowError('busy', `source "${sourceId}" was taken over by another process`);
