import { interpreterFor } from '../../../flow/index.ts';
import type { RunFlowArgs } from '../../../workflows/index.ts';
import type { Context } from '../../context.ts';
import { LOG_OF_RUNS, runStream } from '../../embedded/run-host.ts';
import { holdLease, LeaseHeld, type HeldLease } from '../../leases.ts';
import { loadPlan } from '../flows.ts';
import { readRun } from './run-reads.ts';

/**
 * Writes the beginning and the end of a run that is to stop and that nobody has begun. Whoever comes to begin it finds it over.
 * @returns false when somebody has begun it, or is about to
 */
export async function endUnbegunRun(context: Context, { runId, started, actor }: RunFlowArgs, reason: string): Promise<boolean> {
  const lease = await unlessHeld(() => holdLease(context, `run/${runId}`));
  if (lease === undefined) return false;
  try {
    if ((await readRun(context, runId)).length > 0) return false;
    const { flowVersion, planVersion, flow, mode } = started.data;
    const plan = await loadPlan(context, flowVersion, planVersion);
    const { initialState, evolve, requestStop } = interpreterFor(plan);
    const step = requestStop(plan, evolve(plan, initialState(plan), [started]), { now: context.now(), reason });
    const { fence } = lease;
    const written = await context.storage.events.write({
      workspaceId: context.workspaceId,
      actor,
      correlationId: runId,
      fence,
      appends: [{ log: LOG_OF_RUNS, stream: runStream(runId), events: [started, ...step.facts], expected: { version: 0 } }],
      runStatus: [{ runId, flow, flowVersion, mode, status: 'stopped', resource: fence.resource }],
    });
    return written.status === 'written';
  } finally {
    await lease.release();
  }
}

async function unlessHeld(hold: () => Promise<HeldLease>): Promise<HeldLease | undefined> {
  try {
    return await hold();
  } catch (error) {
    if (error instanceof LeaseHeld) return undefined;
    throw error;
  }
}
