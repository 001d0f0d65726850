import { proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { RunActivities, RunFlowArgs } from './run-activities.ts';
import { RETRY } from './retry.ts';

// Local: they last milliseconds, are safe to repeat, and so need no task of their own on the server: one event each, not three.
export const storage = proxyLocalActivities<RunActivities>({ startToCloseTimeout: 30_000, retry: RETRY });

/** Temporal's history is long enough for another execution to go on. */
export function isLong({ historyLimit }: RunFlowArgs): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return historyLimit === undefined ? continueAsNewSuggested : historyLength >= historyLimit;
}
