import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker, type WorkerOptions, type WorkflowBundle } from '@temporalio/worker';
import { tlsOptions, type TemporalPlace } from './address.ts';
import { dataConverter } from './codec-converter.ts';
import { connected } from './connect.ts';
import { checkNamespace } from './namespace.ts';
import type { PayloadBlobs } from './payload-blobs.ts';
import type { WorkerBuild } from './worker-builds.ts';

export type RunWorkerOptions = TemporalPlace & {
  /** By name; what the workflows call. */
  readonly activities: object;
  /** Queues of effects that the server hands out at a rate, over all workers; all of these are polled too. */
  readonly rateLimited?: readonly { readonly taskQueue: string; readonly callsPerSecond: number }[];
  /** The workflow code, when it was bundled before; else it is bundled now, which takes some seconds. */
  readonly workflowBundle?: WorkflowBundle;
  /** Where large payloads lie. */
  readonly blobs?: PayloadBlobs;
  /** Effects performed at once by this worker, of each queue; 100 by default. */
  readonly maxEffects?: number;
  /** Runs kept in memory between their steps, of about 1 MB each; others are replayed when they go on. */
  readonly maxCachedWorkflows?: number;
  /** How long effects in flight may go on when the worker is stopped; 0 by default. */
  readonly drainMs?: number;
  /** Which build this is. Runs stay with the build that they began on. Default: builds are not told apart. */
  readonly build?: WorkerBuild;
};

/** What a worker is at. Numbers of tasks that it holds now. */
export type WorkerStatus = {
  /** `draining`: it takes nothing new. */
  readonly state: 'starting' | 'running' | 'draining' | 'stopped' | 'failed';
  readonly workflowTasks: number;
  readonly effects: number;
  /** Short activities on storage. */
  readonly storageCalls: number;
  readonly cachedWorkflows: number;
};

export type RunWorker = {
  readonly connection: NativeConnection;
  /** Resolves once the worker was stopped; rejects when it cannot go on. */
  readonly done: Promise<void>;
  readonly status: () => WorkerStatus;
  /**
   * Takes nothing new, gives the effects in flight `drainMs` to end and aborts the rest (another worker performs them again).
   * Resolves when all is closed.
   */
  stop(): Promise<void>;
};

/** The workflow code as it stands beside this file: .ts in the sources, .js in a build. */
export const workflowsPath = (): string => fileURLToPath(new URL(`../../workflows/index${extname(import.meta.filename)}`, import.meta.url));

// Heartbeats are how a cancellation comes back, so they must not be held back for long.
const HEARTBEAT_THROTTLE_MS = 1_000;
// How long the task of a run waits for the worker that has the run in memory, before any worker may take it.
const STICKY_MS = 5_000;
/** docs.temporal.io advises some hundreds per GB; the SDK's own default goes by the memory of the machine, which is not ours alone. */
const MAX_CACHED_WORKFLOWS = 200;
const MAX_EFFECTS = 100;
/** After its time to drain, what does not end when it is aborted is left alone. */
const ABORT_MS = 10_000;

/** A worker that drives runs. @throws RiskflowError `failed` when no server answers, or when it has no such namespace */
export async function startRunWorker(options: RunWorkerOptions): Promise<RunWorker> {
  const { address } = options;
  const connection = await connected(options, () => NativeConnection.connect({ address, ...tlsOptions(options) }));
  try {
    await checkNamespace(connection, options);
    const workers = await createWorkers(options, connection);
    const done = runToEnd(workers, connection);
    const shutDown = (): void => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    // Queues belong together: without one of them runs would hang.
    done.catch(shutDown);
    return {
      connection,
      done,
      status: () => statusOf(workers),
      stop: async () => {
        shutDown();
        await done;
      },
    };
  } catch (error) {
    // It does not close when only some of the workers could be made; what kept the others is what matters.
    await connection.close().catch(() => undefined);
    throw error;
  }
}

async function createWorkers(options: RunWorkerOptions, connection: NativeConnection): Promise<readonly Worker[]> {
  const { taskQueue, workflowBundle, rateLimited = [], activities, maxCachedWorkflows = MAX_CACHED_WORKFLOWS } = options;
  const common = commonOptions(options, connection);
  const main = await Worker.create({
    ...common,
    taskQueue,
    activities,
    maxCachedWorkflows,
    stickyQueueScheduleToStartTimeout: STICKY_MS,
    ...(workflowBundle === undefined ? { workflowsPath: workflowsPath() } : { workflowBundle }),
  });
  const others: Worker[] = [];
  for (const { taskQueue: queue, callsPerSecond } of rateLimited) {
    others.push(await Worker.create({ ...common, taskQueue: queue, activities, maxTaskQueueActivitiesPerSecond: callsPerSecond }));
  }
  return [main, ...others];
}

type CommonOptions = Omit<WorkerOptions, 'taskQueue'>;

function commonOptions(options: RunWorkerOptions, connection: NativeConnection): CommonOptions {
  const { namespace, identity, blobs, maxEffects = MAX_EFFECTS, drainMs = 0, build } = options;
  return {
    connection,
    namespace,
    dataConverter: dataConverter(options, blobs),
    maxConcurrentActivityTaskExecutions: maxEffects,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
    shutdownGraceTime: drainMs,
    shutdownForceTime: drainMs + ABORT_MS,
    ...(identity === undefined ? {} : { identity }),
    ...(build === undefined
      ? {}
      : { workerDeploymentOptions: { version: build, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' } }),
  };
}

function statusOf(workers: readonly Worker[]): WorkerStatus {
  const all = workers.map((worker) => worker.getStatus());
  const sum = (count: (status: (typeof all)[number]) => number): number => all.reduce((total, status) => total + count(status), 0);
  const states = new Set(all.map(({ runState }) => runState));
  return {
    state: stateOf(states),
    workflowTasks: sum((status) => status.numInFlightWorkflowActivations),
    effects: sum((status) => status.numInFlightNonLocalActivities),
    storageCalls: sum((status) => status.numInFlightLocalActivities),
    cachedWorkflows: sum((status) => status.numCachedWorkflows),
  };
}

function stateOf(states: ReadonlySet<string>): WorkerStatus['state'] {
  if (states.has('FAILED')) return 'failed';
  if (states.has('STOPPING') || states.has('DRAINING') || states.has('DRAINED')) return 'draining';
  if (states.has('STOPPED')) return states.size === 1 ? 'stopped' : 'draining';
  return states.has('INITIALIZED') ? 'starting' : 'running';
}

async function runToEnd(workers: readonly Worker[], connection: NativeConnection): Promise<void> {
  const runs = workers.map((worker) => worker.run());
  try {
    await Promise.all(runs);
  } finally {
    // The connection must outlive them all.
    await Promise.allSettled(runs);
    await connection.close();
  }
}
