import { DefaultLogger, Runtime } from '@temporalio/worker';
import { RiskflowError } from '../../schemas/index.ts';
import type { RunActivities } from '../../workflows/index.ts';
import { loadPlan } from '../commands/flows.ts';
import { stopReason } from '../commands/run-stop.ts';
import type { Context } from '../context.ts';
import { createRunActivities } from './run-activities.ts';

export { startRunWorker } from './worker.ts';

/** The SDK tells of warnings and errors only, on standard error. Once per process, before anything connects. */
export const installQuietRuntime = (): Runtime => Runtime.install({ logger: new DefaultLogger('WARN') });

/** The activities of runs over what the application has. A worker serves the workspace of its process. */
export function appActivities(context: Context): RunActivities {
  const effects = context.effects(context.models());
  const checkWorkspace = (workspaceId: string): void => {
    if (workspaceId !== context.workspaceId)
      throw new RiskflowError('not_found', `this worker does not serve the workspace "${workspaceId}"`);
  };
  return createRunActivities({
    storage: context.storage,
    loadPlan: async (workspaceId, flowVersion) => {
      checkWorkspace(workspaceId);
      return loadPlan(context, flowVersion);
    },
    effects: (workspaceId) => {
      checkWorkspace(workspaceId);
      return effects;
    },
    calls: context.calls,
    stopReason: (workspaceId, runId) => stopReason({ storage: context.storage, workspaceId }, runId),
    now: context.now,
  });
}
