import { interpreterFor, type Plan } from '../../../flow/index.ts';
import {
  RiskflowError,
  type Fence,
  type FinishedRunStatus,
  type RunEvent,
  type RunFinished,
  type RunStarted,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { LOG_OF_RUNS, runStream, type RunEnd } from '../../embedded/run-host.ts';
import { planOfHistory } from '../flows.ts';
import { readRun } from '../runs/run-reads.ts';

export type FailedRun = {
  readonly plan: Plan;
  /** Its first event, when nothing of it is stored yet. */
  readonly started: RunStarted;
  readonly fence: Fence;
  readonly within?: Fence;
  readonly error: string;
  /** What else is written with its end. */
  readonly atEnd?: (finished: RunFinished['data']) => RunEnd;
};

/** Ends a run of a batch as failed without driving it; one that is over stays as it is. @throws RiskflowError `taken_over` when a lease was lost */
export async function endAsFailed(context: Context, run: FailedRun): Promise<FinishedRunStatus> {
  const { started, fence, within, error, atEnd } = run;
  const { runId, mode } = started.data;
  const history = await readRun(context, runId);
  const last = history.at(-1);
  if (last?.type === 'RunFinished') return last.data.status;
  const plan = await planOfHistory(context, run.plan, history);
  const { initialState, evolve, failRun } = interpreterFor(plan);
  const before: readonly RunEvent[] = history.length === 0 ? [started] : [];
  const step = failRun(plan, evolve(plan, initialState(plan), [...history, ...before]), { now: context.now(), error });
  const end: RunEnd = step.state.finished === null || atEnd === undefined ? { appends: [] } : atEnd(step.state.finished);
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    correlationId: runId,
    fence,
    ...(within === undefined ? {} : { within }),
    ...end,
    appends: [
      { log: LOG_OF_RUNS, stream: runStream(runId), events: [...before, ...step.facts], expected: { from: history.length + 1 } },
      ...end.appends,
    ],
    runStatus: [{ runId, flow: plan.flow, flowVersion: plan.flowVersion, mode, status: 'failed', resource: (within ?? fence).resource }],
  });
  if (written.status === 'stale-fence') throw new RiskflowError('taken_over', `the lease ${written.resource} was taken over`);
  if (written.status !== 'written') throw new RiskflowError('internal', `the end of run ${runId} could not be written: ${written.status}`);
  return 'failed';
}
