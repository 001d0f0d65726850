import { Gauge, Registry } from 'prom-client';
import { createWorkMetrics, type WorkMetrics } from '../health/work-metrics.ts';
import { VERSION } from '../version.ts';
import type { WorkerStatus } from './worker.ts';

/** What a worker counts of its own, beside the metrics of Temporal's SDK. */
export type WorkerMetrics = WorkMetrics & {
  /** Prometheus' text format 0.0.4. */
  readonly text: (status: WorkerStatus) => Promise<string>;
};

export function createWorkerMetrics({ buildId }: { readonly buildId: string | undefined }): WorkerMetrics {
  const registry = new Registry();
  const work = createWorkMetrics(registry);
  const gauges = createGauges(registry);
  gauges.info.set({ version: VERSION, build_id: buildId ?? '' }, 1);
  return {
    ...work,
    text: async (status) => {
      for (const [kind, used] of [
        ['workflow', status.workflowTasks],
        ['effect', status.effects],
        ['storage', status.storageCalls],
      ] as const) {
        gauges.slots.set({ kind }, used);
      }
      gauges.cached.set(status.cachedWorkflows);
      gauges.draining.set(status.state === 'draining' ? 1 : 0);
      return registry.metrics();
    },
  };
}

function createGauges(registry: Registry) {
  const registers = [registry];
  return {
    slots: new Gauge({ name: 'riskflow_worker_slots_used', help: 'Tasks that the worker holds now', labelNames: ['kind'], registers }),
    cached: new Gauge({ name: 'riskflow_worker_cached_runs', help: 'Runs that the worker has in memory', registers }),
    draining: new Gauge({ name: 'riskflow_worker_draining', help: '1 while the worker takes nothing new', registers }),
    info: new Gauge({
      name: 'riskflow_worker_info',
      help: 'Version and build of the worker',
      labelNames: ['version', 'build_id'],
      registers,
    }),
  };
}
