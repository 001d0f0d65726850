import type { NativeConnection } from '@temporalio/worker';
import { messageOf, type Storage } from '../../schemas/index.ts';
import type { WorkerMetrics } from './worker-http-metrics.ts';
import type { WorkerProbes } from './worker-http.ts';
import type { RunWorker } from './worker.ts';

type Probed = {
  readonly worker: RunWorker;
  readonly namespace: string;
  readonly workspaceId: string;
  readonly storage: Pick<Storage, 'events'>;
  readonly metrics: WorkerMetrics;
  /** Where the SDK serves its own metrics, on loopback. */
  readonly sdkMetricsUrl: string;
};

const PATIENCE_MS = 2_000;

/** What the endpoints of a worker tell: whether it can work, and what it counted together with what Temporal's SDK counted. */
export function workerProbes({ worker, namespace, workspaceId, storage, metrics, sdkMetricsUrl }: Probed): WorkerProbes {
  return {
    faults: async () => {
      const { state } = worker.status();
      const found = await Promise.all([
        Promise.resolve(state === 'running' ? undefined : `the worker is ${state}`),
        fault('Temporal does not answer', () => namespaceIsThere(worker.connection, namespace)),
        fault('the storage does not answer', () => storage.events.head(workspaceId, 'ledger')),
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

async function fault(what: string, ask: () => Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
  });
  try {
    await Promise.race([ask(), late]);
    return undefined;
  } catch (error) {
    return `${what}: ${messageOf(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

/** A comment in their place when there are none: own metrics are still worth reading. */
async function sdkMetrics(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return await response.text();
  } catch (error) {
    return `# the metrics of Temporal's SDK cannot be read: ${messageOf(error).replaceAll('\n', ' ')}\n`;
  }
}
