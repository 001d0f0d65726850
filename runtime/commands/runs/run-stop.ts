import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, RiskflowError } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { LOG_OF_RUNS, runStream } from '../../embedded/run-host.ts';
import { TEMPORAL_HOST } from '../../leases.ts';
import type { RunClient } from '../../temporal/client.ts';
import { endUnbegunRun, endUnownedRun } from './run-end-unbegun.ts';

const STOP_SCOPE = 'run-stop';
/** A stop that reaches somebody is over within two seconds. */
const CONFIRMED_MS = 2_000;
const POLL_MS = 50;

/** Why a run is to stop, once somebody asked for it. */
export const stopReason = (context: Pick<Context, 'storage' | 'workspaceId'>, runId: string): Promise<string | undefined> =>
  context.storage.events.readClaim(context.workspaceId, STOP_SCOPE, runId);

/** `stopped`: it is over now. `requested`: it is noted, and whoever drives the run, now or later, will see it. */
export type StopAnswer = 'stopped' | 'requested' | 'already-over';

export type StopOptions = {
  /** Sentences about what does not keep the stop from being noted. */
  readonly onWarning?: (sentence: string) => void;
  /** Comes back as soon as the stop is asked for, instead of waiting for its end for up to two seconds. */
  readonly atOnce?: boolean;
};

/**
 * Stops a run: a fact first, which its owner sees within half a second, then word to its workflow where it has one. A run on Temporal that
 * no worker has begun is ended here, so that none begins it later, and so is one that nobody drives. A run that is over stays as it is.
 * @throws RiskflowError `not_found` when neither storage nor Temporal knows it
 */
export async function stopRun(context: Context, runId: string, reason: string, options: StopOptions = {}): Promise<StopAnswer> {
  const status = await context.storage.events.runStatus(context.workspaceId, runId);
  if (status !== undefined && status.status !== 'running' && status.status !== 'paused') return 'already-over';
  const isTemporals = status === undefined ? await isWaiting(context, runId) : await hasWorkflow(context, status.resource);
  if (status === undefined && !isTemporals) throw new RiskflowError('not_found', `there is no run "${runId}"`);
  await noteStop(context, runId, reason);
  if (isTemporals && (await tellWorkflow(context, { runId, reason, options }))) return 'stopped';
  // What belongs to a batch or an evaluation is its owner's, unless it waits: then it is on its own.
  const isAlone = status !== undefined && (status.status === 'paused' || status.resource.startsWith('run/'));
  if (!isTemporals && isAlone && (await endUnownedRun(context, runId, reason))) return 'stopped';
  return options.atOnce === true ? 'requested' : confirmed(context, runId);
}

async function noteStop({ workspaceId, actor, storage, now }: Context, runId: string, reason: string): Promise<void> {
  await storage.events.write({
    workspaceId,
    actor,
    claims: [{ scope: STOP_SCOPE, key: runId, value: reason }],
    appends: [
      {
        log: LOG_OF_RUNS,
        stream: `${runStream(runId)}/control`,
        events: [{ type: 'RunStopRequested', data: { reason, at: now() } }],
        expected: { any: true },
      },
    ],
  });
}

async function hasWorkflow({ storage, workspaceId, settings }: Context, resource: string): Promise<boolean> {
  if (settings.temporal === undefined || !resource.startsWith('run/')) return false;
  return (await storage.leases.read(workspaceId, resource))?.host === TEMPORAL_HOST;
}

/** Whether Temporal has a run that storage knows nothing of. */
async function isWaiting(context: Context, runId: string): Promise<boolean> {
  if (context.settings.temporal === undefined) return false;
  return withClient(context, async (client) => (await client.attendance({ workspaceId: context.workspaceId, runId })) !== undefined);
}

type Telling = { readonly runId: string; readonly reason: string; readonly options: StopOptions };

/** @returns whether the run is over now, since nobody had begun it */
async function tellWorkflow(context: Context, { runId, reason, options }: Telling): Promise<boolean> {
  const run = { workspaceId: context.workspaceId, runId };
  try {
    return await withClient(context, async (client) => {
      await client.stop(run, reason);
      const attendance = await client.attendance(run);
      if (attendance === undefined || attendance.taken) return false;
      const asked = await client.asked(run);
      if (asked === undefined || !(await endUnbegunRun(context, asked, reason))) return false;
      await client.drop(run, `stopped before a worker began it: ${reason}`);
      return true;
    });
  } catch (error) {
    options.onWarning?.(`the workflow of run ${runId} could not be told, and will see by itself that it is to stop: ${messageOf(error)}`);
    return false;
  }
}

/** Waits for the end that was asked for, but not for long: the run may have nobody now. */
async function confirmed({ storage, workspaceId }: Context, runId: string): Promise<StopAnswer> {
  for (const began = performance.now(); performance.now() - began < CONFIRMED_MS; await delay(POLL_MS)) {
    const now = (await storage.events.runStatus(workspaceId, runId))?.status;
    if (now === 'stopped') return 'stopped';
    if (now !== undefined && now !== 'running' && now !== 'paused') return 'already-over';
  }
  return 'requested';
}

async function withClient<T>(context: Context, body: (client: RunClient) => Promise<T>): Promise<T> {
  // Loaded when it is needed: it takes longer than all the rest of the program.
  const { openAppRunClient } = await import('../../temporal/client.ts');
  const client = await openAppRunClient(context);
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}
