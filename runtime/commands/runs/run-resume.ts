import { interpreterFor, interpreterOf, knownVersions, type Plan } from '../../../flow/index.ts';
import {
  isRiskflowError,
  RiskflowError,
  type RunEvent,
  type RunFinished,
  type RunStarted,
  type RunStatusChange,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { loadPlan } from '../flows.ts';
import { driveOwnRun, finishedRun, withRunLease, type EndedRun, type OwnRun, type RunWatch } from './run-flow.ts';
import { readRun, readStarted } from './run-reads.ts';
import { stopReason } from './run-stop.ts';

export type ResumedRun = EndedRun & {
  /** True when it was over before: nothing was done then. */
  readonly wasOver: boolean;
};

/**
 * Goes on with a run that an ended process left unfinished, as it was begun: its flow version, inputs, pins and model map. A run that
 * is over is only read again.
 * @throws RiskflowError before anything of the run is written: `not_found`; `usage` for a run of an evaluation or a source; `unsupported` or
 * `not_found` when this program cannot know what its events mean; `busy` while its owner lives; `missing_key` or `unknown_model`
 */
export async function resumeRun(context: Context, runId: string, watch: RunWatch = {}): Promise<ResumedRun> {
  const { status } = await ownRunStatus(context, runId);
  const started = await readStarted(context, runId);
  if (status !== 'running' && status !== 'paused') return readAgain(context, { started, history: await readRun(context, runId) }, watch);
  const plan = await planOf(context, started);
  return withRunLease(context, runId, async (lease) => {
    // Only now nobody else can add to it.
    const history = await readRun(context, runId);
    if (endOf(history) !== undefined) return readAgain(context, { started, history }, watch);
    const run = { plan, started, history, lease, models: context.models() };
    if ((await stopReason(context, runId)) === undefined) await checkModels(run, context.now());
    return { ...(await driveOwnRun(context, run, watch)), wasOver: false };
  });
}

/** @throws RiskflowError `not_found`, or `usage` when the run is part of something that goes on as a whole. */
async function ownRunStatus({ storage, workspaceId }: Context, runId: string): Promise<RunStatusChange> {
  const status = await storage.events.runStatus(workspaceId, runId);
  if (status === undefined) {
    throw new RiskflowError('not_found', `there is no run "${runId}"`, { hint: 'riskflow run --resume goes on with the interrupted one' });
  }
  const [kind = '', owner = ''] = status.resource.split('/');
  // One that waits has left what it was part of.
  if (kind === 'run' || (kind === 'batch' && status.status === 'paused')) return status;
  const command = kind === 'evaluation' ? 'eval resume' : kind === 'batch' ? 'batch resume' : 'source start';
  throw new RiskflowError('usage', `run ${runId} is a run of ${kind} ${owner}, which goes on as a whole`, {
    hint: `go on with: riskflow ${command} ${owner}`,
  });
}

/** The plan that the run's events are about. */
export async function planOf(context: Context, { data }: RunStarted): Promise<Plan> {
  const { runId, flow, flowVersion, planVersion } = data;
  if (interpreterOf(planVersion) === undefined) {
    throw new RiskflowError(
      'unsupported',
      `run ${runId} was begun under version ${planVersion} of the interpreter, and this Riskflow knows ${knownVersions()}`,
      { hint: 'go on with the version of Riskflow that began it' },
    );
  }
  try {
    return await loadPlan(context, flowVersion, planVersion);
  } catch (cause) {
    if (!isRiskflowError(cause)) throw cause;
    throw new RiskflowError(cause.code, `run ${runId} of flow "${flow}" cannot go on: ${cause.message}`, {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    });
  }
}

/** Without its key the run would fail for good, and all that was paid for it would be lost: asks for the models of the next calls. */
async function checkModels({ plan, history, models }: Pick<OwnRun, 'plan' | 'history' | 'models'>, now: number): Promise<void> {
  // The nodes that were under way, and those that begin as soon as the run goes on.
  const { advance, evolve, initialState, pendingEffects } = interpreterFor(plan);
  const { state } = advance(plan, evolve(plan, initialState(plan), history), { now });
  for (const { request, title } of pendingEffects(plan, state, { now })) {
    if (request.kind !== 'llm' && request.kind !== 'question-classifier') continue;
    const resolved = await models.resolve(request.model);
    if (resolved.kind === 'none')
      throw new RiskflowError(resolved.code, `node "${title}" of flow "${plan.flow}": ${resolved.message}`, { hint: resolved.hint });
  }
}

function endOf(history: readonly RunEvent[]): RunFinished | undefined {
  return history.findLast((event) => event.type === 'RunFinished');
}

async function readAgain(
  context: Context,
  { started, history }: Pick<OwnRun, 'started' | 'history'>,
  { onEvent }: RunWatch,
): Promise<ResumedRun> {
  const end = endOf(history);
  if (end === undefined) throw new RiskflowError('internal', `run ${started.data.runId} is over without a RunFinished event`);
  if (onEvent !== undefined) {
    const plan = await planOf(context, started);
    for (const event of history) onEvent(event, plan);
  }
  return { ...finishedRun(started, end.data), wasOver: true };
}
