import { hashJson, messageOf, type AlertRow } from '../../schemas/index.ts';
import { driveOwnRun, withRunLease } from '../commands/runs/run-flow.ts';
import { readRun } from '../commands/runs/run-reads.ts';
import { resumeRun } from '../commands/runs/run-resume.ts';
import { startRun } from '../commands/runs/run-start.ts';
import type { Context } from '../context.ts';
import { listAlerts } from '../trends/list-alerts.ts';
import { trendWindow, windowInput } from '../trends/trend-window.ts';
import { planOfStage } from './source-plans.ts';

/** The run that looks at an alert has a fixed id, so that there is one however often it is begun. */
const alertRunId = (alertId: string): string => hashJson(['alert-run', alertId]).slice(0, 32);

export type AlertRuns = {
  /** Begins a run for each alert that has none, and goes on with those that a process left. Does not wait for their ends. */
  look(options: AlertLook): Promise<void>;
  /** Waits for what is under way. */
  settled(): Promise<void>;
};

export type AlertLook = {
  readonly flow: string;
  readonly signal: AbortSignal;
  /** Told why an alert could not be looked at; it is tried again at the next look. */
  readonly onTrouble: (sentence: string) => void;
};

/** Alerts that are older than the newest so many have had their turn. */
const NEWEST = 50;

/** Lets a flow look at the alerts of a source, each once. What its run cannot do is in the run. */
export function runForAlerts(context: Context, sourceId: string): AlertRuns {
  const seen = new Set<string>();
  const underWay = new Set<Promise<void>>();
  return {
    look: async ({ flow, signal, onTrouble }) => {
      for (const alert of await listAlerts(context, { sourceId, limit: NEWEST })) {
        if (seen.has(alert.alertId)) continue;
        seen.add(alert.alertId);
        const run = lookAt(context, { sourceId, flow, alert, signal }).catch((error: unknown) => {
          if (signal.aborted) return;
          seen.delete(alert.alertId);
          onTrouble(`flow "${flow}" could not look at alert ${alert.alertId}: ${messageOf(error)}`);
        });
        underWay.add(run);
        void run.finally(() => underWay.delete(run));
      }
    },
    settled: async () => {
      await Promise.all(underWay);
    },
  };
}

type Look = { readonly sourceId: string; readonly flow: string; readonly alert: AlertRow; readonly signal: AbortSignal };

async function lookAt(context: Context, { sourceId, flow, alert, signal }: Look): Promise<void> {
  const runId = alertRunId(alert.alertId);
  const status = await context.storage.events.runStatus(context.workspaceId, runId);
  if (status?.status === 'running' || status?.status === 'paused') {
    await resumeRun(context, runId, { signal });
    return;
  }
  if (status !== undefined) return;
  const plan = await planOfStage(context, { flow, flowVersion: null });
  const inputs = windowInput(await trendWindow(context, { sourceId, alertId: alert.alertId }));
  await withRunLease(context, runId, async (lease) => {
    // Only now nobody else can have begun it.
    if ((await readRun(context, runId)).length > 0) return;
    const started = startRun(context, {
      plan,
      inputs,
      runId,
      mode: 'scheduled',
      origin: { kind: 'alert', sourceId, alertId: alert.alertId },
    });
    await driveOwnRun(context, { plan, started, history: [], lease, models: context.models() }, { signal });
  });
}
