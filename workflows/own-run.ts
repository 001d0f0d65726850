import { setCurrentDetails, sleep } from '@temporalio/workflow';
import type { Fence, RunEvent } from '../schemas/core.ts';
import { continueOnCurrentBuild } from './continue-on-current-build.ts';
import { markdownText } from './progress-table.ts';
import type { RunFlow, RunFlowArgs, TakeResult } from './run-activities.ts';
import type { RunLine } from './run-line.ts';
import { isLong, storage } from './run-storage.ts';

type Claimant = { readonly args: RunFlowArgs; readonly owner: string; readonly line: RunLine };

/** `history`: the events the run has so far; empty for a new run. */
export type OwnedRun = { readonly fence: Fence; readonly history: readonly RunEvent[]; readonly stop: string | null };

/**
 * Takes the lease of the run, waiting while another owner is alive.
 *
 * The owner is the workflow, not a process: Temporal keeps at most one execution per id going, wherever its workers are, so all of
 * them write for it under one fence, and an activity that is tried again finds the lease its own. Appends renew it, and so does
 * whoever performs an effect. It may lapse all the same (no worker for 10 s). Then it is still ours until somebody else takes
 * it, which raises the fence: from then on every append of this workflow is refused, and it ends as taken over.
 */
export async function ownRun({ args, owner, line }: Claimant, first: TakeResult): Promise<OwnedRun> {
  const { workspaceId, runId } = args;
  let taken = first;
  while (taken.status === 'held') {
    setCurrentDetails(`Waits for the lease of the run, which ${markdownText(taken.by)} holds.`);
    await sleep(taken.waitMs, { summary: 'waits for the lease of the run' });
    // The other owner may be at it for days.
    if (isLong(args)) await continueOnCurrentBuild<RunFlow>({ ...args, ...line.stopAsked() });
    taken = await storage.takeRun({ workspaceId, runId, owner });
  }
  const history = [...taken.history.events];
  for (let page = taken.history; page.more; history.push(...page.events)) {
    page = await storage.readHistory({ workspaceId, runId, after: history.length });
  }
  return { fence: taken.fence, history, stop: taken.stop };
}
