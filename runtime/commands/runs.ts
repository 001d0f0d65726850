import { checkInputs, type Plan } from '../../flow/index.ts';
import {
  encodeValues,
  PLAN_VERSION,
  RiskflowError,
  type Pin,
  type RunEvent,
  type RunFinished,
  type RunMode,
  type RunOrigin,
  type RunStarted,
  type Value,
  type Values,
} from '../../schemas/index.ts';
import { newId, type Context } from '../context.ts';
import { driveRun, runStream, type RunOutcome } from '../embedded/run-host.ts';
import { storedExecutor } from '../../activities/index.ts';
import { holdLease } from '../leases.ts';
import { checkModelMap, modelReplacements } from '../model-replacements.ts';

export type RunRequest = {
  readonly plan: Plan;
  readonly inputs: Values;
  /** `sys.query` of a chat flow. */
  readonly query?: string;
  readonly pins?: Readonly<Record<string, Pin>>;
  readonly modelMap?: Readonly<Record<string, string>>;
  readonly onEvent?: (event: RunEvent) => void;
  readonly signal?: AbortSignal;
};

export type FinishedRun = { readonly runId: string } & RunFinished['data'];

/** What can be wrong with a request before the run begins. @throws RiskflowError `invalid_input` or `usage` */
export function checkRun(context: Context, request: Pick<RunRequest, 'plan' | 'inputs' | 'modelMap'>): void {
  checkModelMap([request.plan], request.modelMap ?? {}, context.settings);
  const checked = checkInputs(request.plan, request.inputs);
  if (!checked.ok) throw new RiskflowError('invalid_input', `flow "${request.plan.flow}": ${checked.message}`);
}

/** Runs a plan once, on its own lease, recorded from the start. @throws RiskflowError `invalid_input` before anything is written. */
export async function runFlow(context: Context, request: RunRequest): Promise<FinishedRun> {
  checkRun(context, request);
  const runId = newId();
  const started = startRun(context, { ...request, runId, mode: 'manual', origin: { kind: 'manual' } });
  const lease = await holdLease(context, `run/${runId}`);
  try {
    const { workspaceId, storage } = context;
    const perform = storedExecutor({
      workspaceId,
      effects: storage.effects,
      perform: context.effects(context.models()),
      calls: context.calls,
      mayBeStored: () => false,
      reuseKey: () => Promise.resolve(null),
    });
    const outcome = await driveRun(
      { workspaceId, events: storage.events, perform, now: context.now, actor: context.actor },
      {
        plan: request.plan,
        history: [],
        started,
        fence: lease.fence,
        durableStart: true,
        signal: request.signal === undefined ? lease.signal : AbortSignal.any([lease.signal, request.signal]),
        stopRequested: () => stopReason(context, runId),
        ...(request.onEvent === undefined ? {} : { onEvent: request.onEvent }),
        ...(context.settings.config.runTimeoutMs === undefined ? {} : { timeoutMs: context.settings.config.runTimeoutMs }),
      },
    );
    return finishedRun(runId, outcome);
  } finally {
    await lease.release();
  }
}

function finishedRun(runId: string, outcome: RunOutcome): FinishedRun {
  if (outcome.status === 'finished') return { runId, ...outcome.data };
  throw new RiskflowError('busy', `run ${runId} was taken over by another process, which goes on with it`);
}

export type RunStart = Pick<RunRequest, 'plan' | 'inputs' | 'query' | 'pins' | 'modelMap'> & {
  readonly runId: string;
  readonly mode: RunMode;
  readonly origin: RunOrigin;
};

/** The first event of a run, its inputs checked. @throws RiskflowError `invalid_input`. */
export function startRun(context: Pick<Context, 'now' | 'secrets' | 'workspaceId' | 'actor' | 'settings'>, start: RunStart): RunStarted {
  const { plan, runId } = start;
  const checked = checkInputs(plan, start.inputs);
  if (!checked.ok) throw new RiskflowError('invalid_input', `flow "${plan.flow}": ${checked.message}`);
  const at = context.now();
  const system = new Map<string, Value>([
    ['user_id', context.actor],
    ['app_id', plan.flow],
    ['workflow_id', plan.flowVersion],
    ['workflow_run_id', runId],
    ['timestamp', Math.floor(at / 1000)],
    ['files', []],
  ]);
  if (plan.mode === 'advanced-chat' || start.query !== undefined) {
    system.set('query', start.query ?? '');
    system.set('conversation_id', runId);
    system.set('dialogue_count', 1);
  }
  return {
    type: 'RunStarted',
    data: {
      runId,
      planVersion: PLAN_VERSION,
      flow: plan.flow,
      flowVersion: plan.flowVersion,
      mode: start.mode,
      origin: start.origin,
      inputs: encodeValues(checked.inputs),
      system: encodeValues(system),
      environment: environmentOf(context, plan),
      pins: start.pins ?? {},
      modelMap: modelReplacements(plan, start.modelMap ?? {}, context.settings),
      at,
    },
  };
}

/** Variables of the environment: plain ones by value, secrets by name and version. */
function environmentOf(context: Pick<Context, 'secrets' | 'workspaceId'>, plan: Plan): RunStarted['data']['environment'] {
  return Object.fromEntries(
    Object.entries(plan.environment).map(([name, variable]) => {
      if (!('secret' in variable)) return [name, variable.value];
      return [name, { $secret: [variable.secret, context.secrets.version(context.workspaceId, variable.secret) ?? 'unset'] }];
    }),
  );
}

const STOP_SCOPE = 'run-stop';

/** Why a run is to stop, once somebody asked for it. */
export const stopReason = (context: Pick<Context, 'storage' | 'workspaceId'>, runId: string): Promise<string | undefined> =>
  context.storage.events.readClaim(context.workspaceId, STOP_SCOPE, runId);

/** Asks the owner of a run to stop it: a fact first, which the owner sees within half a second. A run that is over stays as it is. */
export async function stopRun(context: Context, runId: string, reason: string): Promise<'requested' | 'already-over'> {
  const status = await context.storage.events.runStatus(context.workspaceId, runId);
  if (status === undefined) throw new RiskflowError('not_found', `there is no run ${runId}`);
  if (status.status !== 'running' && status.status !== 'paused') return 'already-over';
  await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    claims: [{ scope: STOP_SCOPE, key: runId, value: reason }],
    appends: [
      {
        log: 'runs-0',
        stream: `${runStream(runId)}/control`,
        events: [{ type: 'RunStopRequested', data: { reason, at: context.now() } }],
        expected: { any: true },
      },
    ],
  });
  return 'requested';
}

/** All events of a run, in order. */
export async function readRun(context: Pick<Context, 'storage' | 'workspaceId'>, runId: string): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for (;;) {
    const page = await context.storage.events.readStream(context.workspaceId, runStream(runId), {
      afterVersion: events.length,
      limit: 1000,
    });
    // Written by this program as RunEvent; upcast on read.
    for (const stored of page) events.push({ type: stored.type, data: stored.data } as RunEvent);
    if (page.length < 1000) return events;
  }
}

/** Goes on with a run that an ended process left unfinished, from its events. */
export async function recoverRun(context: Context, plan: Plan, runId: string): Promise<FinishedRun> {
  const lease = await holdLease(context, `run/${runId}`);
  try {
    const history = await readRun(context, runId);
    const started = history[0];
    if (started?.type !== 'RunStarted') throw new RiskflowError('internal', `run ${runId} has no RunStarted event`);
    const { workspaceId, storage } = context;
    const perform = storedExecutor({
      workspaceId,
      effects: storage.effects,
      perform: context.effects(context.models()),
      calls: context.calls,
      mayBeStored: () => true,
      reuseKey: () => Promise.resolve(null),
    });
    const outcome = await driveRun(
      { workspaceId, events: storage.events, perform, now: context.now, actor: context.actor },
      {
        plan,
        history,
        started,
        fence: lease.fence,
        durableStart: false,
        signal: lease.signal,
        stopRequested: () => stopReason(context, runId),
      },
    );
    return finishedRun(runId, outcome);
  } finally {
    await lease.release();
  }
}
