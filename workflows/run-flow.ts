import { ApplicationFailure, CancellationScope, workflowInfo } from '@temporalio/workflow';
import { interpreterOf, knownVersions, upgradePlan } from '../flow/core.ts';
import { ownRun } from './own-run.ts';
import type { RunFlowArgs, RunFlowResult } from './run-activities.ts';
import { RunDrive } from './run-drive.ts';
import { openLine } from './run-line.ts';
import { storage } from './run-storage.ts';

/**
 * Drives one run to its end on Temporal: the second host of the interpreter, beside runtime/embedded. Both write the same events,
 * in the order in which the interpreter consumed them.
 *
 * It stops on the signal `stop`, on a stop noted in storage, at its time limit, and when it is cancelled in Temporal. A run that has events
 * already, because another owner began it or because Temporal's history became long, goes on from them.
 */
export async function runFlow(args: RunFlowArgs): Promise<RunFlowResult> {
  const line = openLine();
  // Whoever cancels the workflow means the run. Its last facts must still be written, so nothing below is cancelled with it.
  CancellationScope.current().cancelRequested.catch(() => line.stop('the workflow was cancelled in Temporal'));
  return CancellationScope.nonCancellable(async () => {
    const { planVersion, modelMap } = args.started.data;
    const interpreter = interpreterOf(planVersion);
    // Not a failure of the run: the task fails, and another worker that knows the version may take it.
    if (interpreter === undefined) throw new Error(`this worker runs plans of ${knownVersions()}, not of version ${planVersion}`);
    const { workspaceId, runId, flowVersion } = args;
    // The workflow, not a process: see `ownRun`.
    const owner = `temporal/${workflowInfo().firstExecutionRunId}`;
    const { loaded, taken } = await storage.openRun({ workspaceId, runId, flowVersion, planVersion, modelMap, owner });
    const owned = await ownRun({ args, owner, line }, taken);
    const plan = upgradePlan(loaded.plan);
    if (plan.planVersion !== planVersion)
      throw unsupported(`the run is of plan version ${planVersion}, and its plan of ${plan.planVersion}`);
    const stop = owned.stop ?? args.stop;
    if (stop !== undefined) line.stop(stop);
    return new RunDrive({ ...loaded, plan, ...owned, args, line, interpreter }).toEnd();
  });
}

const unsupported = (message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, 'unsupported');
