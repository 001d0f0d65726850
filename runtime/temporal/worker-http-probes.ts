import type { NativeConnection } from '@temporalio/worker';
import { messageOf, type Storage } from '../../schemas/index.ts';
import { faultOf, PATIENCE_MS, storageFault } from '../health/faults.ts';
import type { HealthProbes } from '../health/serve-health.ts';
import type { WorkerMetrics } from './worker-http-metrics.ts';
import type { RunWorker } from './worker.ts';

type Probed = {
  readonly worker: RunWorker;
  readonly namespace: string;
  readonly storage: Pick<Storage, 'unfit'>;
  readonly metrics: WorkerMetrics;
  /** Where the SDK serves its own metrics, on loopback. */
  readonly sdkMetricsUrl: string;
};

/** What the endpoints of a worker tell: whether it can work, and what it counted together with what Temporal's SDK counted. */
export function workerProbes({ worker, namespace, storage, metrics, sdkMetricsUrl }: Probed): HealthProbes {
  return {
    faults: async () => {
      const { state } = worker.status();
      const found = await Promise.all([
        Promise.resolve(state === 'running' ? undefined : `the worker is ${state}`),
        faultOf('Temporal does not answer', () => namespaceIsThere(worker.connection, namespace)),
        storageFault(storage),
      ]);
      return found.filter((sentence) => sentence !== undefined);
    },
    metrics: async () => {
      const [own, sdk] = await Promise.all([metrics.text(worker.status()), sdkMetrics(sdkMetricsUrl)]);
      return `${own}${sdk}`;
    },
  };
}

const namespaceIsThere = (connection: NativeConnection, namespace: string): Promise<unknown> =>
  connection.withDeadline(Date.now() + PATIENCE_MS, () => connection.workflowService.describeNamespace({ namespace }));

/** A comment in their place when there are none: own metrics are still worth reading. */
async function sdkMetrics(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return await response.text();
  } catch (error) {
    return `# the metrics of Temporal's SDK cannot be read: ${messageOf(error).replaceAll('\n', ' ')}\n`;
  }
}
