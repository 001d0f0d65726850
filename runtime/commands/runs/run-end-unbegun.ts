import type { RunEvent, RunStarted } from '../../../schemas/index.ts';
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
    return await writeEnd({ ...context, actor }, { lease, started, history: [] }, reason);
  } finally {
    await lease.release();
  }
}

/**
 * Writes the end of a run that is to stop and that nobody drives: it waits for a person, or its process was killed.
 * @returns false when somebody drives it, or it is over
 */
export async function endUnownedRun(context: Context, runId: string, reason: string): Promise<boolean> {
  const lease = await unlessHeld(() => holdLease(context, `run/${runId}`));
  if (lease === undefined) return false;
  try {
    const history = await readRun(context, runId);
    const [started] = history;
    if (started?.type !== 'RunStarted' || history.at(-1)?.type === 'RunFinished') return false;
    return await writeEnd(context, { lease, started, history }, reason);
  } finally {
    await lease.release();
  }
}

type Ending = { readonly lease: HeldLease; readonly started: RunStarted; readonly history: readonly RunEvent[] };

async function writeEnd(context: Context, { lease, started, history }: Ending, reason: string): Promise<boolean> {
  const { runId, flowVersion, planVersion, flow, mode } = started.data;
  const plan = await loadPlan(context, flowVersion, planVersion);
  const { initialState, evolve, requestStop } = interpreterFor(plan);
  const before = history.length === 0 ? [started] : history;
  const step = requestStop(plan, evolve(plan, initialState(plan), before), { now: context.now(), reason });
  const { fence } = lease;
  const events = history.length === 0 ? [started, ...step.facts] : step.facts;
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    correlationId: runId,
    fence,
    appends: [{ log: LOG_OF_RUNS, stream: runStream(runId), events, expected: { version: history.length } }],
    runStatus: [{ runId, flow, flowVersion, mode, status: 'stopped', resource: fence.resource }],
  });
  return written.status === 'written';
}

async function unlessHeld(hold: () => Promise<HeldLease>): Promise<HeldLease | undefined> {
  try {
    return await hold();
  } catch (error) {
    if (error instanceof LeaseHeld) return undefined;
    throw error;
  }
}
