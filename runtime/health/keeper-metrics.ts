import { Gauge, Registry } from 'prom-client';
import type { Context } from '../context.ts';
import { VERSION } from '../version.ts';
import { createWorkMetrics } from './work-metrics.ts';

/** What `riskflow start` counts of its own. */
export type KeeperMetrics = {
  /** The same context, whose effects and whose runs that end are counted. */
  readonly counting: (context: Context) => Context;
  /** Prometheus' text format 0.0.4. */
  readonly text: (keeps: boolean) => Promise<string>;
};

export function createKeeperMetrics(): KeeperMetrics {
  const registry = new Registry();
  const registers = [registry];
  const { counting } = createWorkMetrics(registry);
  const keeping = new Gauge({
    name: 'riskflow_schedules_kept',
    help: '1 in the process that keeps the schedules, 0 in one that waits to take over or leaves them to Temporal',
    registers,
  });
  new Gauge({ name: 'riskflow_start_info', help: 'Version of the process', labelNames: ['version'], registers }).set(
    { version: VERSION },
    1,
  );
  return {
    counting,
    text: (keeps) => {
      keeping.set(keeps ? 1 : 0);
      return registry.metrics();
    },
  };
}
