import { RiskflowError } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { LOG_OF_RUNS, runStream } from '../../embedded/run-host.ts';

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
        log: LOG_OF_RUNS,
        stream: `${runStream(runId)}/control`,
        events: [{ type: 'RunStopRequested', data: { reason, at: context.now() } }],
        expected: { any: true },
      },
    ],
  });
  return 'requested';
}
