import {
  CancellationScope,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { priorityOf } from './priority.ts';
import type { runFlow } from './run-flow.ts';
import type { BegunOccurrence, ScheduledActivities, ScheduledArgs, ScheduledOutcome } from './scheduled-activities.ts';
import { RETRY } from './retry.ts';

const ledger = proxyLocalActivities<ScheduledActivities>({ startToCloseTimeout: 30_000, retry: RETRY });
const work = proxyActivities<ScheduledActivities>({
  summary: 'evaluates to the verdict',
  startToCloseTimeout: '7 days',
  heartbeatTimeout: 20_000,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: RETRY,
});

/** What came of an occurrence; null when there was nothing to do. */
export type ScheduledResult = ScheduledOutcome | null;

/**
 * What Temporal starts whenever the time of a schedule comes. It lasts as long as the work does, so that Temporal's overlap policy sees it.
 * The time it was scheduled for is the name of the occurrence: the same one started twice runs once.
 */
export async function scheduled({ workspaceId, schedule }: ScheduledArgs): Promise<ScheduledResult> {
  const moment = { workspaceId, schedule, scheduledFor: scheduledTime() };
  const begun = await ledger.beginOccurrence(moment);
  if (begun.kind === 'nothing') {
    setCurrentDetails(`Nothing to do: ${begun.reason}.`);
    return null;
  }
  let cancelled = false;
  const outcome = await (begun.kind === 'run' ? runOf(begun) : work.evaluateOccurrence(moment)).catch((error: unknown) => {
    cancelled = begun.kind === 'evaluation' && isCancellation(error);
    return outcomeOf(error);
  });
  // Also when it was cancelled.
  await CancellationScope.nonCancellable(() => ledger.endOccurrence({ ...moment, ...outcome, ...(cancelled ? { cancelled } : {}) }));
  return outcome;
}

/** Jitter and lateness are not in it. Whole seconds. */
function scheduledTime(): number {
  const { searchAttributes, startTime } = workflowInfo();
  const [time] = searchAttributes['TemporalScheduledStartTime'] ?? [];
  // Without it nobody scheduled this: whoever started it by hand means now.
  return Math.floor((time instanceof Date ? time : startTime).getTime() / 1000) * 1000;
}

async function runOf({ args, workflowId, labels }: Extract<BegunOccurrence, { readonly kind: 'run' }>): Promise<ScheduledOutcome> {
  const { searchAttributes, ...told } = labels;
  const result = await executeChild<typeof runFlow>('runFlow', {
    workflowId,
    args: [args],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    parentClosePolicy: 'REQUEST_CANCEL',
    priority: { priorityKey: priorityOf(args.started.data.mode) },
    searchAttributes: Object.fromEntries(Object.entries(searchAttributes).map(([name, value]) => [name, [value]])),
    ...told,
  });
  if (result.status === 'finished') return { status: result.data.status, detail: result.data.error };
  return { status: 'stopped', detail: 'another process took the run over, and goes on with it' };
}

function outcomeOf(error: unknown): ScheduledOutcome {
  if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError')
    return { status: 'stopped', detail: 'its run was begun before, and goes on by itself' };
  if (isCancellation(error)) return { status: 'stopped', detail: 'it was cancelled in Temporal' };
  const cause = error instanceof ChildWorkflowFailure && error.cause !== undefined ? error.cause : error;
  return { status: 'failed', detail: cause instanceof Error ? cause.message : String(cause) };
}
