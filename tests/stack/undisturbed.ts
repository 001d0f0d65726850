import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Plan } from '../../flow/index.ts';
import { openApp, readSettings, type Context } from '../../runtime/index.ts';
import { publishFlow } from '../../runtime/commands/flows.ts';
import { driveOwnRun, withRunLease } from '../../runtime/commands/runs/run-flow.ts';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import { startRun } from '../../runtime/commands/runs/run-start.ts';
import type { ProjectionStatus, RunEvent, RunRow, RunStarted } from '../../schemas/index.ts';
import { comparableEvents, type ComparableEvent } from '../flows/compare.ts';
import { CALLING, callKey, faultFlow, type FaultInput } from './fault-flow.ts';
import { openCountingEndpoint, type CallCount } from './counting-endpoint.ts';

/** What a storage holds of some runs, in the form in which two are compared. */
export type Kept = {
  /** Of each run in the order they were asked for: what happened, up to concurrent order (see compare.ts). */
  readonly events: readonly (readonly ComparableEvent[])[];
  /** Numbers of the events of each stream: from 1, without holes. */
  readonly versions: readonly (readonly number[])[];
  /** Rows of the projection of runs, by run, without the times at which they were started and finished. */
  readonly runs: readonly Omit<RunRow, 'startedAt' | 'finishedAt'>[];
  /**
   * Of each projection: its log, how far the log and it are, and how many rows it has. No hash: rows hold times. Instead the rows of runs
   * are compared above, and `keptIn` has every projection built again and compares the hashes of all rows with the living ones.
   */
  readonly projections: readonly Omit<ProjectionStatus, 'hash'>[];
  /** Runs that are not over. */
  readonly unfinished: readonly string[];
};

/** @throws AssertionError when a rebuilt projection differs from the living one in any byte */
export async function keptIn({ storage, workspaceId }: Context, plan: Plan, inputs: readonly FaultInput[]): Promise<Kept> {
  const events: (readonly ComparableEvent[])[] = [];
  const versions: (readonly number[])[] = [];
  for (const { runId } of inputs) {
    const stream = await storage.events.readStream(workspaceId, `run/${runId}`);
    versions.push(stream.map(({ version }) => version));
    events.push(comparableEvents(plan, await readRun({ storage, workspaceId }, runId)));
  }
  await storage.projections.catchUp(workspaceId);
  const live = await storage.projections.status(workspaceId);
  expect(await storage.projections.rebuild(workspaceId), 'projections built again').toEqual(live);
  const asked = new Set(inputs.map(({ runId }) => runId));
  const rows = (await storage.read.runs(workspaceId, { limit: 10_000 })).filter(({ runId }) => asked.has(runId));
  return {
    events,
    versions,
    runs: rows.map(({ startedAt: _, finishedAt: __, ...row }) => row).toSorted((a, b) => (a.runId < b.runId ? -1 : 1)),
    projections: live.map(({ hash: _, ...rest }) => rest),
    unfinished: (await storage.events.unfinishedRuns(workspaceId)).map(({ runId }) => runId),
  };
}

export type Undisturbed = {
  /** The first events of the runs: what any other host is asked to drive. */
  readonly started: readonly RunStarted[];
  readonly kept: Kept;
  readonly calls: ReadonlyMap<string, CallCount>;
};

/** Drives the runs in this process, on SQLite in a folder of their own, with nobody in the way. */
export async function driveUndisturbed(inputs: readonly FaultInput[]): Promise<Undisturbed> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-undisturbed-'));
  const endpoint = await openCountingEndpoint();
  const app = await openApp(readSettings({ RISKFLOW_DATA: folder, OPENAI_BASE_URL: endpoint.url }, folder), { actor: ACTOR });
  try {
    const { context } = app;
    const flow = faultFlow();
    await publishFlow(context, flow, FLOW_FILE);
    const started = inputs.map((input) => startedEvent(context, flow.plan, input));
    const models = context.models();
    await Promise.all(
      started.map((first) =>
        withRunLease(context, first.data.runId, (lease) =>
          driveOwnRun(context, { plan: flow.plan, started: first, history: [], lease, models }, {}),
        ),
      ),
    );
    const kept = await keptIn(context, flow.plan, inputs);
    // Else the others would be compared with something that is disturbed itself.
    expect(kept.events.map((events) => lastStatus(events))).toEqual(inputs.map(() => 'succeeded'));
    const calls = endpoint.calls();
    expect([...calls.keys()].toSorted()).toEqual(inputs.flatMap((input) => CALLING.map((node) => callKey(node, input))).toSorted());
    expect([...calls.values()].every(({ begun }) => begun === 1)).toBe(true);
    return { started, kept, calls };
  } finally {
    await app.close();
    await endpoint.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Who asks, wherever the runs are driven. */
export const ACTOR = 'faults';
export const FLOW_FILE = 'faults.yml';

function startedEvent(context: Context, plan: Plan, { runId, text }: FaultInput): RunStarted {
  return startRun(context, { plan, inputs: new Map([['text', text]]), runId, mode: 'manual', origin: { kind: 'manual' } });
}

const lastStatus = (events: readonly ComparableEvent[]): unknown =>
  (events.at(-1)?.data as Extract<RunEvent, { type: 'RunFinished' }>['data'] | undefined)?.status;
