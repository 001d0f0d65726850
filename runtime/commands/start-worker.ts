import { RiskflowError } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { serveHealthSomewhere, type HealthProbes, type HealthServer, type HttpPlace } from '../health/serve-health.ts';
import { bePresent, type Presence } from '../presence.ts';
import type { TemporalPlace } from '../temporal/address.ts';
import type { InstalledRuntime } from '../temporal/app-worker.ts';
import { mendSchedules } from '../schedules/open-schedules.ts';
import { neededTemporal } from '../temporal/place.ts';
import type { KnownBuild, Promotion, WorkerBuild } from '../temporal/worker-builds.ts';
import type { RunWorker, WorkerStatus } from '../temporal/worker.ts';

export type AppWorkerOptions = {
  readonly maxEffects?: number;
  readonly maxCachedWorkflows?: number;
  /** How long effects in flight may go on when the worker is stopped. */
  readonly drainMs?: number;
  /** Where health and metrics are served; null: nowhere. Default: 127.0.0.1:9464, or where there is room when that is occupied. */
  readonly http?: HttpPlace | null;
  /** Which build this is; default RISKFLOW_BUILD_ID, else builds are not told apart. */
  readonly buildId?: string;
  /** Whether new runs are to go to this build, unless it had its turn or a newer one has. */
  readonly makeCurrent?: boolean;
  readonly onNotice?: (sentence: string) => void;
};

export type AppWorker = {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly buildId: string | null;
  /** `http://host:port` of health and metrics. */
  readonly http: string | null;
  readonly done: Promise<void>;
  readonly status: () => WorkerStatus;
  /** Titles of the nodes whose effects are being performed. */
  readonly underWay: () => readonly string[];
  /** Takes nothing new, lets what is in flight end, and closes. */
  stop(): Promise<void>;
};

// Loaded when it is needed: it is larger than all the rest of the program.
const loadParts = () => import('../temporal/app-worker.ts');
type Parts = Awaited<ReturnType<typeof loadParts>>;

/** Starts a worker over the application's storage, models and sandbox. @throws RiskflowError when no server is set or none answers */
export async function startAppWorker(context: Context, options: AppWorkerOptions = {}): Promise<AppWorker> {
  const place = neededTemporal(context.settings.temporal);
  const build = buildOf(context, place, options);
  const parts = await loadParts();
  // Whether it can work is answered from the beginning on.
  let probes = STARTING;
  const { onNotice } = options;
  const http = await serveHealthSomewhere(
    { http: options.http, usual: USUAL_HTTP, onNotice },
    { faults: () => probes.faults(), metrics: () => probes.metrics() },
  );
  let presence: Presence | undefined;
  let sdk: InstalledRuntime | undefined;
  try {
    presence = await bePresent(context, { role: 'worker', onNotice });
    sdk = await parts.installRuntime();
    const metrics = parts.createWorkerMetrics({ buildId: build?.buildId });
    const worker = await startWorker(parts, { context: metrics.counting(context), place, options, build });
    const { storage } = context;
    const { address, namespace, taskQueue } = place;
    probes = parts.workerProbes({ worker, namespace, storage, metrics, sdkMetricsUrl: sdk.metricsUrl });
    const done = closing(worker, http, presence);
    const ended = new AbortController();
    // It is awaited later; a promotion may fail before.
    done.catch(() => undefined).finally(() => ended.abort());
    const { forgetPayloadsNowAndThen } = await import('../temporal/payload-cleanup.ts');
    void forgetPayloadsNowAndThen({ context, connection: worker.connection, namespace, signal: ended.signal, onNotice });
    try {
      if (build !== undefined) await settleBuild(parts, { worker, namespace, build, options });
      await agreeOnSchedules(context, options);
    } catch (error) {
      await worker.stop();
      throw error;
    }
    return {
      ...{ address, namespace, taskQueue, done },
      buildId: build?.buildId ?? null,
      http: http?.url ?? null,
      status: worker.status,
      underWay: metrics.underWay,
      stop: async () => {
        await worker.stop();
        await done;
      },
    };
  } catch (error) {
    await sdk?.end();
    await presence?.withdraw();
    await http?.close();
    throw error;
  }
}

/** Whatever is wrong with schedules keeps no worker from its runs. */
async function agreeOnSchedules(context: Context, { onNotice }: AppWorkerOptions): Promise<void> {
  const { mended, trouble } = await mendSchedules(context);
  if (mended.length > 0) onNotice?.(`made Temporal agree with the ledger about the schedules ${mended.join(', ')}`);
  if (trouble !== null) onNotice?.(`could not see whether Temporal agrees with the ledger about the schedules: ${trouble}`);
}

async function closing({ done }: RunWorker, http: HealthServer | undefined, presence: Presence): Promise<void> {
  try {
    await done;
  } finally {
    await presence.withdraw();
    await http?.close();
  }
}

/** Where a worker tells about itself unless it is told otherwise. */
const USUAL_HTTP: HttpPlace = { host: '127.0.0.1', port: 9464 };

const STARTING: HealthProbes = { faults: () => Promise.resolve(['the worker is starting']), metrics: () => Promise.resolve('') };

type Start = {
  readonly context: Context;
  readonly place: TemporalPlace;
  readonly options: AppWorkerOptions;
  readonly build: WorkerBuild | undefined;
};

async function startWorker(parts: Parts, { context, place, options, build }: Start): Promise<RunWorker> {
  const { maxEffects, maxCachedWorkflows, drainMs, onNotice } = options;
  const workflowBundle = await parts.prepareBundle();
  if (workflowBundle.madeNow !== null) {
    onNotice?.(`bundled the workflow code now, since of the prebuilt bundle ${workflowBundle.madeNow} (npm run bundle makes one)`);
  }
  const stopping = new AbortController();
  const worker = await parts.startRunWorker({
    ...place,
    activities: parts.appActivities(context, { stopping: stopping.signal }),
    rateLimited: parts.providerQueues(context.settings.config, place.taskQueue),
    workflowBundle,
    blobs: parts.payloadBlobs(context.storage, context.workspaceId),
    ...(maxEffects === undefined ? {} : { maxEffects }),
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    ...(drainMs === undefined ? {} : { drainMs }),
    ...(build === undefined ? {} : { build }),
  });
  return {
    ...worker,
    stop: () => {
      stopping.abort();
      return worker.stop();
    },
  };
}

/** Bundles the workflow code, so that workers need not do it when they start. */
export const writeWorkflowBundle = async (): ReturnType<Parts['writeBundle']> => (await loadParts()).writeBundle();

// ── builds ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function buildOf({ settings }: Context, { taskQueue }: TemporalPlace, { buildId, makeCurrent }: AppWorkerOptions): WorkerBuild | undefined {
  const variable = settings.environment['RISKFLOW_BUILD_ID']?.trim() ?? '';
  const id = buildId ?? (variable === '' ? undefined : variable);
  if (id !== undefined) return { deploymentName: deploymentOf(taskQueue), buildId: checkedBuild(id) };
  if (makeCurrent !== true) return undefined;
  throw new RiskflowError('usage', 'there is no build to make current', { hint: 'name it with --build-id ID or RISKFLOW_BUILD_ID' });
}

/** `riskflow`, as the task queue is called unless configured. The server takes no dots and colons. */
const deploymentOf = (taskQueue: string): string => taskQueue.replaceAll(/[.:]/g, '-');

function checkedBuild(id: string): string {
  if (/^[\w.+-]{1,100}$/.test(id)) return id;
  throw new RiskflowError('usage', `the build id "${id}" is not one of up to 100 letters, digits, ".", "_", "+" and "-"`, {
    hint: 'such as a version or a short commit hash',
  });
}

type Settle = {
  readonly worker: RunWorker;
  readonly namespace: string;
  readonly build: WorkerBuild;
  readonly options: AppWorkerOptions;
};

/** Makes the build current where that is wanted, and tells where new runs go. */
async function settleBuild(parts: Parts, { worker, namespace, build, options }: Settle): Promise<void> {
  const { makeCurrent = false, onNotice } = options;
  if (!makeCurrent) {
    const builds = await parts.listBuilds(worker.connection, { namespace, ...build });
    if (builds.some(({ buildId, state }) => buildId === build.buildId && state === 'current')) return;
    onNotice?.(`${whereRunsGo(builds)}: riskflow worker --promote ${build.buildId} sends new ones to this build`);
    return;
  }
  const promotion = await parts.promoteBuild(worker.connection, { namespace, ...build, onlyWhenNew: true });
  onNotice?.(promotionSentence(build.buildId, promotion));
}

function whereRunsGo(builds: readonly KnownBuild[]): string {
  const current = builds.find(({ state }) => state === 'current');
  return current === undefined ? 'new runs go to workers without a build' : `new runs go to the build ${current.buildId}`;
}

function promotionSentence(buildId: string, promotion: Promotion): string {
  if (promotion.status === 'already-current') return `new runs go to this build, ${buildId}, as before`;
  if (promotion.status === 'kept') {
    return `new runs stay with the build ${promotion.current}, which came after ${buildId}: riskflow worker --promote ${buildId} takes them back`;
  }
  const from = promotion.before === null ? '' : `; runs under way stay with the build ${promotion.before}`;
  return `new runs go to the build ${buildId} from now on${from}`;
}

/** Builds of workers that the server knows of, the newest first. */
export async function listWorkerBuilds(context: Context): Promise<readonly KnownBuild[]> {
  const place = neededTemporal(context.settings.temporal);
  const parts = await loadParts();
  const { connection, close } = await parts.openTemporalClient(place);
  try {
    return await parts.listBuilds(connection, { namespace: place.namespace, deploymentName: deploymentOf(place.taskQueue) });
  } finally {
    await close();
  }
}

/** Sends new runs to a build, a newer or an older one. @returns what is to be told */
export async function promoteWorkerBuild(context: Context, buildId: string): Promise<string> {
  const place = neededTemporal(context.settings.temporal);
  const parts = await loadParts();
  const { connection, close } = await parts.openTemporalClient(place);
  try {
    const build = { namespace: place.namespace, deploymentName: deploymentOf(place.taskQueue), buildId: checkedBuild(buildId) };
    return promotionSentence(buildId, await parts.promoteBuild(connection, { ...build, onlyWhenNew: false }));
  } finally {
    await close();
  }
}
