import { hashJson, messageOf, type Fence, type RunStatusChange } from '../../../schemas/index.ts';
import { driveOwnRun, withRunLease } from '../../commands/runs/run-flow.ts';
import { readRun } from '../../commands/runs/run-reads.ts';
import { resumeRun } from '../../commands/runs/run-resume.ts';
import { startRun } from '../../commands/runs/run-start.ts';
import type { Context } from '../../context.ts';
import { trendWindow, windowInput } from '../../trends/trend-window.ts';
import { openAlertCursor } from './alert-cursor.ts';
import { planOfStage } from '../source-plans.ts';

/** The run that looks at an alert has a fixed id, so that there is one however often it is begun. */
const alertRunId = (alertId: string): string => hashJson(['alert-run', alertId]).slice(0, 32);

/** The run of a flow that looks, or has looked, at an alert; null when there is none. */
export async function runOfAlert(
  { storage, workspaceId }: Context,
  alertId: string,
): Promise<Pick<RunStatusChange, 'runId' | 'status'> | null> {
  const runId = alertRunId(alertId);
  const found = await storage.events.runStatus(workspaceId, runId);
  return found === undefined ? null : { runId, status: found.status };
}

export type AlertRuns = {
  /** To be called before alerts are raised that a flow shall look at: those of before are let be when no flow has looked at any yet. */
  begin(): Promise<void>;
  /** No flow is to look at what was raised so far. */
  passBy(): Promise<void>;
  /** Begins the runs that are lacking, a few at a time, and goes on with those that a process left. Does not wait for their ends. @returns how many it saw to */
  look(options: AlertLook): Promise<number>;
  /** Waits for what is under way, and keeps what was done. */
  settled(): Promise<void>;
  /** Why an alert cannot be looked at, which is tried again; null while all can be. */
  readonly trouble: () => string | null;
};

export type AlertLook = { readonly flow: string; readonly signal: AbortSignal };

/** A thousand alerts are no reason to ask a model a thousand times at once. */
const AT_A_TIME = 4;
const AGAIN_MS = 10_000;

/** Lets a flow look at the alerts of a source, each once. `fence`: of the lease of whoever counts the source. */
export function runForAlerts(context: Context, { sourceId, fence }: { readonly sourceId: string; readonly fence: Fence }): AlertRuns {
  const cursor = openAlertCursor(context, { sourceId, fence });
  const over = new Set<string>();
  const begun = new Set<string>();
  const failed = new Map<string, { readonly sentence: string; readonly again: number }>();
  const queue: (() => Promise<void>)[] = [];
  const underWay = new Set<Promise<void>>();
  const pump = (): void => {
    while (underWay.size < AT_A_TIME) {
      const run = queue.shift()?.();
      if (run === undefined) return;
      underWay.add(run);
      void run.finally(() => {
        underWay.delete(run);
        pump();
      });
    }
  };
  const see = async (alertId: string, { flow, signal }: AlertLook): Promise<void> => {
    try {
      signal.throwIfAborted();
      await lookAt(context, { sourceId, flow, alertId, signal });
      over.add(alertId);
      failed.delete(alertId);
    } catch (error) {
      if (signal.aborted) return;
      const sentence = `flow "${flow}" could not look at alert ${alertId}: ${messageOf(error)}`;
      failed.set(alertId, { sentence, again: context.now() + AGAIN_MS });
    } finally {
      begun.delete(alertId);
    }
  };
  return {
    begin: () => cursor.begin(),
    passBy: () => cursor.passBy(),
    look: async (options) => {
      const isDue = (alertId: string): boolean =>
        !over.has(alertId) && !begun.has(alertId) && (failed.get(alertId)?.again ?? 0) <= context.now();
      const next = await cursor.next((alertId) => over.has(alertId));
      // What the cursor is behind need not be remembered.
      for (const alertId of over) if (!next.some((alert) => alert.alertId === alertId)) over.delete(alertId);
      const due = next.filter(({ alertId }) => isDue(alertId));
      for (const { alertId } of due) {
        begun.add(alertId);
        queue.push(() => see(alertId, options));
      }
      pump();
      return due.length;
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
      if (over.size > 0) await cursor.next((alertId) => over.has(alertId));
    },
    trouble: () => failed.values().next().value?.sentence ?? null,
  };
}

type Look = AlertLook & { readonly sourceId: string; readonly alertId: string };

/** Lets a flow look at an alert, once. What its run cannot do is in the run. */
async function lookAt(context: Context, { sourceId, flow, alertId, signal }: Look): Promise<void> {
  const runId = alertRunId(alertId);
  const status = await context.storage.events.runStatus(context.workspaceId, runId);
  if (status?.status === 'running' || status?.status === 'paused') {
    await resumeRun(context, runId, { signal });
    return;
  }
  if (status !== undefined) return;
  const plan = await planOfStage(context, { flow, flowVersion: null });
  const inputs = windowInput(await trendWindow(context, { sourceId, alertId }));
  await withRunLease(context, runId, async (lease) => {
    // Only now nobody else can have begun it.
    if ((await readRun(context, runId)).length > 0) return;
    const started = startRun(context, { plan, inputs, runId, mode: 'scheduled', origin: { kind: 'alert', sourceId, alertId } });
    await driveOwnRun(context, { plan, started, history: [], lease, models: context.models() }, { signal });
  });
}
