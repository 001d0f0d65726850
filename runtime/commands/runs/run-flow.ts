import { storedExecutor } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import { RiskflowError, type ModelRouter, type RunEvent, type RunFinished, type RunStarted } from '../../../schemas/index.ts';
import { newId, type Context } from '../../context.ts';
import { driveRun } from '../../embedded/run-host.ts';
import { holdLease, type HeldLease } from '../../leases.ts';
import { checkRun, startRun, type RunStart } from './run-start.ts';
import { stopReason } from './run-stop.ts';

/** Who watches a run while it is driven. */
export type RunWatch = {
  /** Told once the run has an owner, which is this process, and before its first event. */
  readonly onBegun?: (started: RunStarted['data']) => void;
  /** Every event of the run in order; of one that goes on, those recorded before come first. */
  readonly onEvent?: (event: RunEvent, plan: Plan) => void;
  /** Aborting leaves the run as it is: it can be gone on with later. */
  readonly signal?: AbortSignal;
  /** Stay with a run that waits for a person, and look for an answer so often. Default: it is left to pause. */
  readonly lookForAnswersMs?: number;
};

export type RunRequest = Omit<RunStart, 'runId' | 'mode' | 'origin'> & RunWatch;

type NamedRun = Pick<RunStarted['data'], 'runId' | 'flow' | 'flowVersion'>;
export type FinishedRun = NamedRun & RunFinished['data'];
/** It waits for people: `nodes` by title, `until` in milliseconds since 1970, null for good. */
export type PausedRun = NamedRun & { readonly status: 'paused'; readonly nodes: readonly string[]; readonly until: number | null };
export type EndedRun = FinishedRun | PausedRun;

/** Runs a plan once, on its own lease, recorded from the start. @throws RiskflowError `invalid_input` before anything is written. */
export async function runFlow(context: Context, request: RunRequest): Promise<EndedRun> {
  checkRun(context, request);
  const runId = newId();
  const started = startRun(context, { ...request, runId, mode: 'manual', origin: { kind: 'manual' } });
  return withRunLease(context, runId, (lease) =>
    driveOwnRun(context, { plan: request.plan, started, history: [], lease, models: context.models() }, request),
  );
}

/** Holds the lease of a run on its own. @throws RiskflowError `busy` while another process does. */
export async function withRunLease<T>(context: Context, runId: string, body: (lease: HeldLease) => Promise<T>): Promise<T> {
  const lease = await holdLease(context, `run/${runId}`);
  try {
    return await body(lease);
  } finally {
    await lease.release();
  }
}

export type OwnRun = {
  readonly plan: Plan;
  readonly started: RunStarted;
  /** Its events so far; empty for a run that begins now. */
  readonly history: readonly RunEvent[];
  readonly lease: HeldLease;
  readonly models: ModelRouter;
};

/**
 * Drives a run to its end, whether it begins now or goes on from its events. The time limit counts from now: a run that lay
 * interrupted for a night has not used it up. @throws RiskflowError `busy` when another process took the run over.
 */
export async function driveOwnRun(
  context: Context,
  run: OwnRun,
  { onBegun, onEvent, signal, lookForAnswersMs }: RunWatch,
): Promise<EndedRun> {
  const { workspaceId, storage, now, actor } = context;
  const { plan, started, history, lease, models } = run;
  const { runId } = started.data;
  const { runTimeoutMs } = context.settings.config;
  const perform = storedExecutor({
    workspaceId,
    effects: storage.effects,
    perform: context.effects(models),
    calls: context.calls,
    mayBeStored: ({ request }) => history.length > 0 || request.kind === 'human-input',
    reuseKey: () => Promise.resolve(null),
  });
  onBegun?.(started.data);
  for (const event of history) onEvent?.(event, plan);
  const outcome = await driveRun(
    { workspaceId, events: storage.events, perform, now, actor },
    {
      plan,
      history,
      started,
      fence: lease.fence,
      durableStart: true,
      signal: signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal]),
      stopRequested: () => stopReason(context, runId),
      ...(onEvent === undefined ? {} : { onEvent: (event: RunEvent) => onEvent(event, plan) }),
      ...(runTimeoutMs === undefined ? {} : { timeoutMs: runTimeoutMs }),
      ...(lookForAnswersMs === undefined ? {} : { lookForAnswersMs }),
    },
  );
  if (outcome.status === 'finished') return finishedRun(started, outcome.data);
  const { flow, flowVersion } = started.data;
  if (outcome.status === 'paused') return { runId, flow, flowVersion, status: 'paused', nodes: outcome.nodes, until: outcome.until };
  throw new RiskflowError('busy', `run ${runId} was taken over by another process, which goes on with it`);
}

export const finishedRun = ({ data: { runId, flow, flowVersion } }: RunStarted, data: RunFinished['data']): FinishedRun => ({
  runId,
  flow,
  flowVersion,
  ...data,
});
