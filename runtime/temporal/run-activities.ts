import { ApplicationFailure, Context, log } from '@temporalio/activity';
import { storedExecutor, type CallLimiter } from '../../activities/index.ts';
import type { Plan } from '../../flow/index.ts';
import {
  exitCodeOf,
  isRiskflowError,
  RiskflowError,
  type EffectExecutor,
  type Fence,
  type LeaseOwner,
  type RunEvent,
  type Storage,
  type StoredEvent,
} from '../../schemas/index.ts';
import type { FactsToAppend, HistoryPage, RunActivities, RunName } from '../../workflows/index.ts';
import { LOG_OF_RUNS, runStream } from '../embedded/run-host.ts';
import { LEASE_MS, TEMPORAL_HOST } from '../leases.ts';

/** What a worker performs runs with. */
export type RunActivityDeps = {
  readonly storage: Pick<Storage, 'events' | 'leases' | 'effects'>;
  /** The plan of a published version. @throws RiskflowError when there is none. */
  readonly loadPlan: (workspaceId: string, flowVersion: string) => Promise<Plan>;
  /** Performs the effects of a workspace; storing their results is done here. */
  readonly effects: (workspaceId: string) => EffectExecutor;
  /** The limit of calls in flight of this worker. */
  readonly calls: CallLimiter;
  /** Whether somebody has noted that a run is to stop, and why. */
  readonly stopReason: (workspaceId: string, runId: string) => Promise<string | undefined>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const BEAT_MS = 1_000;
const BEATS_PER_RENEWAL = 3;
/** Of events read into one payload, in characters of JSON text, and in number. */
const PAGE_CHARACTERS = 400_000;
const PAGE_EVENTS = 200;
const CACHED_PLANS = 64;

/** The activities of `runFlow` over the ports of this process. Expected outcomes are values; what is thrown is tried again. */
export function createRunActivities(deps: RunActivityDeps): RunActivities {
  const plans = cached(CACHED_PLANS, ({ workspaceId, flowVersion }: Parameters<RunActivities['loadPlan']>[0]) =>
    deps.loadPlan(workspaceId, flowVersion),
  );
  const executors = new Map<string, EffectExecutor>();
  const executorOf = (workspaceId: string): EffectExecutor => {
    const executor = executors.get(workspaceId) ?? storing(deps, workspaceId);
    executors.set(workspaceId, executor);
    return executor;
  };
  return {
    loadPlan: (args) => guarded(() => plans(args)),
    takeRun: (args) => guarded(() => takeRun(deps, args)),
    readHistory: ({ after, ...run }) => guarded(() => readPage(deps, run, after)),
    appendFacts: (args) => guarded(() => appendFacts(deps, args)),
    performEffect: ({ workspaceId, fence, effect }) =>
      guarded(() => whileBeating(deps, { workspaceId, fence }, (signal) => executorOf(workspaceId)(effect, { signal }))),
  };
}

/** Any attempt but the first of an activity may find the result of one before it, on whichever worker that was. */
const storing = (deps: RunActivityDeps, workspaceId: string): EffectExecutor =>
  storedExecutor({
    workspaceId,
    effects: deps.storage.effects,
    perform: deps.effects(workspaceId),
    calls: deps.calls,
    mayBeStored: () => true,
    reuseKey: () => Promise.resolve(null),
  });

const ownerOf = (owner: string): LeaseOwner => ({ owner, host: TEMPORAL_HOST, boot: 'temporal', pid: 0 });

async function takeRun(
  deps: RunActivityDeps,
  { workspaceId, runId, owner }: RunName & { readonly owner: string },
): ReturnType<RunActivities['takeRun']> {
  const { leases } = deps.storage;
  const resource = `run/${runId}`;
  const now = deps.now();
  const result = await leases.take(workspaceId, resource, ownerOf(owner), { now, ttlMs: LEASE_MS, isDead: () => false });
  if (result.status === 'held' && result.by.owner !== owner) {
    return { status: 'held', by: `process ${result.by.pid} on ${result.by.host}`, waitMs: Math.max(result.until - now, 0) + 100 };
  }
  const fence = result.status === 'taken' ? result.fence : await ownFence(deps, { workspaceId, resource, owner });
  return { status: 'taken', fence, history: await readPage(deps, { workspaceId, runId }, 0) };
}

/** The answer to an earlier taking was lost: it is ours, and this is its fence. */
async function ownFence(
  deps: RunActivityDeps,
  { workspaceId, resource, owner }: { readonly workspaceId: string; readonly resource: string; readonly owner: string },
): Promise<Fence> {
  const lease = await deps.storage.leases.read(workspaceId, resource);
  if (lease?.owner !== owner) throw new RiskflowError('busy', `the lease ${resource} changed hands while it was taken`);
  return { resource, owner, fence: lease.fence };
}

async function readPage({ storage }: RunActivityDeps, { workspaceId, runId }: RunName, after: number): Promise<HistoryPage> {
  const stored = await storage.events.readStream(workspaceId, runStream(runId), { afterVersion: after, limit: PAGE_EVENTS });
  let room = PAGE_CHARACTERS;
  const fitting = stored.findIndex((event) => (room -= JSON.stringify(event.data).length) < 0);
  // One event at least, or nobody would ever come further.
  const events = fitting === -1 ? stored : stored.slice(0, Math.max(fitting, 1));
  return { events: events.map(toRunEvent), more: events.length < stored.length || stored.length === PAGE_EVENTS };
}

// Written by this program as RunEvent; upcast on read.
const toRunEvent = ({ type, data }: StoredEvent): RunEvent => ({ type, data }) as RunEvent;

async function appendFacts(deps: RunActivityDeps, facts: FactsToAppend): ReturnType<RunActivities['appendFacts']> {
  const { events, leases } = deps.storage;
  const { workspaceId, runId, fence, actor, flow, flowVersion, mode, from, status } = facts;
  const written = await events.write({
    workspaceId,
    actor,
    correlationId: runId,
    fence,
    appends: [{ log: LOG_OF_RUNS, stream: runStream(runId), events: facts.events, expected: { from } }],
    runStatus: [{ runId, flow, flowVersion, mode, status, resource: fence.resource }],
  });
  if (written.status === 'stale-fence') return { status: 'taken-over' };
  if (written.status !== 'written')
    throw new RiskflowError('internal', `the events of run ${runId} could not be written: ${written.status}`);
  if (status !== 'running') return { status: 'written', stop: null };
  if (facts.renew) await leases.renew(workspaceId, fence, { now: deps.now(), ttlMs: LEASE_MS });
  return { status: 'written', stop: (await deps.stopReason(workspaceId, runId)) ?? null };
}

type Held = { readonly workspaceId: string; readonly fence: Fence };

/** Gives signs of life to the server, which are also how it hears of a cancellation, and keeps the lease of the run. */
async function whileBeating<T>(
  deps: RunActivityDeps,
  { workspaceId, fence }: Held,
  perform: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const activity = Context.current();
  const lost = new AbortController();
  let beats = 0;
  const timer = setInterval(() => {
    activity.heartbeat();
    if (++beats % BEATS_PER_RENEWAL !== 0) return;
    deps.storage.leases.renew(workspaceId, fence, { now: deps.now(), ttlMs: LEASE_MS }).then(
      (ours) => {
        if (!ours) lost.abort();
      },
      (error: unknown) => void log.warn(`the lease ${fence.resource} could not be renewed now`, { error }),
    );
  }, BEAT_MS);
  try {
    return await perform(AbortSignal.any([activity.cancellationSignal, lost.signal]));
  } catch (error) {
    activity.cancellationSignal.throwIfAborted();
    if (lost.signal.aborted) throw ApplicationFailure.nonRetryable(`the lease ${fence.resource} was taken over`, 'LeaseLost');
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Trying again mends neither what the user must change nor a broken contract; everything else may pass. */
async function guarded<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!isRiskflowError(error) || (exitCodeOf(error) !== 2 && error.code !== 'internal')) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: true, cause: error });
  }
}

/** Remembers the last `limit` answers; a failure is not an answer. */
function cached<K extends object, T>(limit: number, load: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (key) => {
    const name = JSON.stringify(key);
    const before = known.get(name);
    if (before !== undefined) return before;
    const loading = load(key);
    known.set(name, loading);
    loading.catch(() => known.delete(name));
    const oldest = known.size > limit ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    return loading;
  };
}
