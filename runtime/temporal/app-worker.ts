import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { RiskflowError } from '../../schemas/index.ts';
import type { BatchActivities, RunActivities, ScheduledActivities, SourceActivities } from '../../workflows/index.ts';
import { evaluationKind } from '../commands/evaluations/evaluation-work.ts';
import { fileBatchKind } from '../commands/batches/batch-file-work.ts';
import { loadPlan } from '../commands/flows.ts';
import { stopReason } from '../commands/runs/run-stop.ts';
import type { Context } from '../context.ts';
import { limitedProviders } from './provider-queues.ts';
import { createBatchActivities } from './batch-activities.ts';
import { createRunActivities } from './run-activities.ts';
import { scheduleActivities } from './schedule-activities.ts';
import { createSourceActivities } from './source-activities.ts';
import { repeatlessLog } from './worker-log.ts';
import { freeLoopbackPort } from '../health/serve-health.ts';

export { prepareBundle, writeBundle } from './bundle.ts';
export { openTemporalClient } from './open-client.ts';
export { payloadBlobs } from './payload-blobs.ts';
export { providerQueues } from './provider-queues.ts';
export { startRunWorker } from './worker.ts';
export { listBuilds, promoteBuild } from './worker-builds.ts';
export { createWorkerMetrics } from './worker-http-metrics.ts';
export { workerProbes } from './worker-http-probes.ts';

export type InstalledRuntime = {
  /** Where the SDK's own metrics are. */
  readonly metricsUrl: string;
  /**
   * Ends it where it had nothing to end with: it ends by itself with the last connection, and keeps the process alive where there never was
   * one. Nothing is done to one that has ended.
   */
  readonly end: () => Promise<void>;
};

/**
 * The SDK tells of warnings and errors only, on standard error, leaves signals to the program, and serves its metrics on a port of
 * loopback. Once per process, before anything connects.
 */
export async function installRuntime(): Promise<InstalledRuntime> {
  for (let attempt = 1; ; attempt++) {
    const bindAddress = `127.0.0.1:${await freeLoopbackPort()}`;
    try {
      const runtime = Runtime.install({
        logger: new DefaultLogger(
          'WARN',
          repeatlessLog((text) => process.stderr.write(`${text}\n`)),
        ),
        shutdownSignals: [],
        telemetryOptions: {
          // What its native part has to say goes the same way.
          logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
          metrics: { prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true } },
        },
      });
      return { metricsUrl: `http://${bindAddress}/metrics`, end: () => runtime.shutdown() };
    } catch (error) {
      // Another process was quicker to take the port.
      if (attempt === 5) throw error;
    }
  }
}

/**
 * The activities of runs, batches, schedules and sources over what the application has. A worker serves the workspace of its process; those
 * that only wait for more to do end when it is `stopping`.
 */
export function appActivities(
  context: Context,
  { stopping }: { readonly stopping?: AbortSignal } = {},
): RunActivities & BatchActivities & ScheduledActivities & SourceActivities {
  const { effectAttempts } = context.settings.config.temporal ?? {};
  const effects = context.effects(context.models());
  const checkWorkspace = (workspaceId: string): void => {
    if (workspaceId !== context.workspaceId)
      throw new RiskflowError('not_found', `this worker does not serve the workspace "${workspaceId}"`);
  };
  const runs = createRunActivities({
    storage: context.storage,
    loadPlan: async ({ workspaceId, flowVersion, planVersion }) => {
      checkWorkspace(workspaceId);
      return loadPlan(context, flowVersion, planVersion);
    },
    limited: limitedProviders(context.settings.config),
    ...(effectAttempts === undefined ? {} : { effectAttempts }),
    effects: (workspaceId) => {
      checkWorkspace(workspaceId);
      return effects;
    },
    calls: context.calls,
    stopReason: (workspaceId, runId) => stopReason({ storage: context.storage, workspaceId }, runId),
    now: context.now,
  });
  const batches = createBatchActivities({ context, kinds: { evaluation: evaluationKind(context), batch: fileBatchKind(context) } });
  return { ...runs, ...batches, ...scheduleActivities(context), ...createSourceActivities(context, stopping) };
}
