import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { RunActivities } from '../../workflows/index.ts';
import { connected, tlsOptions, type TemporalPlace } from './address.ts';

export type RunWorkerOptions = TemporalPlace & {
  readonly activities: RunActivities;
  /** The workflow code, when it was bundled before; else it is bundled now, which takes some seconds. */
  readonly workflowBundle?: WorkflowBundle;
  /** Effects performed at once by this worker; 100 by default. */
  readonly maxEffects?: number;
};

export type RunWorker = {
  /** Resolves once the worker was stopped; rejects when it cannot go on. */
  readonly done: Promise<void>;
  /** Takes nothing new, aborts the effects in flight (another worker performs them again), and resolves when all is closed. */
  stop(): Promise<void>;
};

/** The workflow code as it stands beside this file: .ts in the sources, .js in a build. */
export const workflowsPath = (): string => fileURLToPath(new URL(`../../workflows/index${extname(import.meta.filename)}`, import.meta.url));

// Heartbeats are how a cancellation comes back, so they must not be held back for long.
const HEARTBEAT_THROTTLE_MS = 1_000;
// How long the task of a run waits for the worker that has the run in memory, before any worker may take it.
const STICKY_MS = 5_000;

/** A worker that drives runs. @throws RiskflowError `failed` when no server answers. */
export async function startRunWorker(options: RunWorkerOptions): Promise<RunWorker> {
  const { address, namespace, taskQueue, identity, activities, workflowBundle, maxEffects } = options;
  const connection = await connected(address, () => NativeConnection.connect({ address, ...tlsOptions(options) }));
  try {
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue,
      activities,
      maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
      stickyQueueScheduleToStartTimeout: STICKY_MS,
      ...(identity === undefined ? {} : { identity }),
      ...(maxEffects === undefined ? {} : { maxConcurrentActivityTaskExecutions: maxEffects }),
      ...(workflowBundle === undefined ? { workflowsPath: workflowsPath() } : { workflowBundle }),
    });
    const done = runToEnd(worker, connection);
    return {
      done,
      stop: async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await done;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function runToEnd(worker: Worker, connection: NativeConnection): Promise<void> {
  try {
    await worker.run();
  } finally {
    await connection.close();
  }
}
