import { Context } from '@temporalio/activity';
import { storedExecutor, type CallLimiter } from '../../activities/index.ts';
import { interpreterOf, modelsOf, type Plan } from '../../flow/index.ts';
import {
  RiskflowError,
  RUN_EVENT_TIMES,
  StillWaiting,
  type EffectExecutor,
  type Fence,
  type LeaseOwner,
  type RunEvent,
  type Storage,
  type StoredEvent,
} from '../../schemas/index.ts';
import type {
  EffectToPerform,
  FactsToAppend,
  HistoryPage,
  LostHold,
  PerformedEffect,
  PlanName,
  RunActivities,
  RunName,
} from '../../workflows/index.ts';
import { LOG_OF_RUNS, runStream } from '../embedded/run-host.ts';
import { holderOf, LEASE_MS, TEMPORAL_HOST } from '../leases.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { scattered } from './scattered-retries.ts';
import { guarded } from './final-failures.ts';

/** What a worker performs runs with. */
export type RunActivityDeps = {
  readonly storage: Pick<Storage, 'events' | 'leases' | 'effects'>;
  /** The plan of a published version under a plan version. @throws RiskflowError when there is none. */
  readonly loadPlan: (name: PlanName) => Promise<Plan>;
  /** Performs the effects of a workspace; storing their results is done here. */
  readonly effects: (workspaceId: string) => EffectExecutor;
  /** The limit of calls in flight of this worker. */
  readonly calls: CallLimiter;
  /** Of these providers, as flows write them, those whose calls have a task queue of their own → the name of that queue's provider. */
  readonly limited?: (providers: readonly string[]) => Readonly<Record<string, string>>;
  /** How often an effect is tried that an infrastructure failure keeps from being performed. Default: 60, which takes ten minutes. */
  readonly effectAttempts?: number;
  /** Whether somebody has noted that a run is to stop, and why. */
  readonly stopReason: (workspaceId: string, runId: string) => Promise<string | undefined>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const BEAT_MS = 1_000;
const BEATS_PER_RENEWAL = 3;
/** An effect that lasts longer has its facts written meanwhile; those of quicker ones go with later facts. */
const PATIENCE_MS = 300;
/** After so long a write the server may have taken this attempt for dead, and another may have stored the result. */
const LONG_WRITE_MS = 5_000;
/** Of events read into one payload, in characters of JSON text, and in number. */
const PAGE_CHARACTERS = 400_000;
const PAGE_EVENTS = 200;
const CACHED_PLANS = 64;
const EFFECT_ATTEMPTS = 60;

/** The activities of `runFlow` over the ports of this process. Expected outcomes are values; what is thrown is tried again. */
export function createRunActivities(deps: RunActivityDeps): RunActivities {
  const plans = cached(CACHED_PLANS, (name: PlanName) => deps.loadPlan(name));
  // The second of a workspace is for effects which cannot have a stored result.
  const executors = new Map<string, EffectExecutor>();
  const executorOf = (workspaceId: string, mayBeStored: boolean): EffectExecutor => {
    const name = `${mayBeStored} ${workspaceId}`;
    const executor = executors.get(name) ?? storing(deps, workspaceId, mayBeStored);
    executors.set(name, executor);
    return executor;
  };
  const { effectAttempts = EFFECT_ATTEMPTS, limited = () => ({}) } = deps;
  return {
    openRun: ({ workspaceId, flowVersion, planVersion, modelMap, runId, owner }) =>
      guarded(async () => {
        const plan = await plans({ workspaceId, flowVersion, planVersion });
        const providers = modelsOf(plan, modelMap).map(({ model }) => model.provider);
        const loaded = { plan, limited: limited(providers), effectAttempts };
        return { loaded, taken: await takeRun(deps, { workspaceId, runId, owner }) };
      }),
    takeRun: (args) => guarded(() => takeRun(deps, args)),
    readHistory: ({ after, ...run }) => guarded(() => readPage(deps, run, after)),
    appendFacts: (args) => guarded(() => appendFacts(deps, args)),
    performEffect: scattered((asked: EffectToPerform) =>
      guarded(() => performEffect(deps, asked, (mayBeStored) => executorOf(asked.workspaceId, mayBeStored))),
    ),
  };
}

/** Any attempt but the first of an activity may find the result of one before it, on whichever worker that was. */
const storing = (deps: RunActivityDeps, workspaceId: string, mayBeStored: boolean): EffectExecutor =>
  storedExecutor({
    workspaceId,
    effects: deps.storage.effects,
    perform: deps.effects(workspaceId),
    calls: deps.calls,
    mayBeStored: () => mayBeStored,
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
    return { status: 'held', by: holderOf(result.by), waitMs: Math.max(result.until - now, 0) + 100 };
  }
  const fence = result.status === 'taken' ? result.fence : await ownFence(deps, { workspaceId, resource, owner });
  const [history, stop] = await Promise.all([readPage(deps, { workspaceId, runId }, 0), deps.stopReason(workspaceId, runId)]);
  return { status: 'taken', fence, history, stop: stop ?? null };
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
    appends: [{ log: LOG_OF_RUNS, stream: runStream(runId), events: facts.events, expected: { from, ignoring: RUN_EVENT_TIMES } }],
    runStatus: [{ runId, flow, flowVersion, mode, status, resource: fence.resource }],
  });
  if (written.status === 'stale-fence') return { status: 'taken-over' };
  if (written.status === 'conflict' && written.version >= from) return { status: 'differs' };
  if (written.status !== 'written')
    throw new RiskflowError('internal', `the events of run ${runId} could not be written: ${written.status}`);
  if (!facts.renew) return { status: 'written', stop: null };
  const [stop] = await Promise.all([
    deps.stopReason(workspaceId, runId),
    leases.renew(workspaceId, fence, { now: deps.now(), ttlMs: LEASE_MS }),
  ]);
  return { status: 'written', stop: stop ?? null };
}

/**
 * Performs an effect, and what belongs to the run meanwhile: writes the facts that came with it, gives signs of life to the server, which
 * are also how it hears of a cancellation, keeps the lease of the run, and looks for a stop that was noted and whose signal never came.
 */
async function performEffect(
  deps: RunActivityDeps,
  { effect, fence, facts, fresh, workspaceId }: EffectToPerform,
  executorOf: (mayBeStored: boolean) => EffectExecutor,
): Promise<PerformedEffect> {
  if (effect.request.kind === 'evaluate' && interpreterOf(effect.request.planVersion) === undefined)
    throw new Error(`this worker does not know plan version ${effect.request.planVersion}; another one may`);
  const activity = Context.current();
  const ended = new AbortController();
  let end: EndOfEffect | undefined;
  let written = false;
  const endAs = (how: EndOfEffect): void => {
    end ??= how;
    ended.abort();
  };
  const endOf = (): PerformedEffect | undefined => (end?.status === 'stop' ? { ...end, written } : end);
  const append = async (toAppend: FactsToAppend): Promise<void> => {
    const appended = await appendFacts(deps, toAppend);
    written = appended.status === 'written';
    if (appended.status !== 'written') endAs(appended);
    else if (appended.stop !== null) endAs({ status: 'stop', reason: appended.stop });
  };
  let appending: Promise<void> | undefined;
  let late: NodeJS.Timeout | undefined;
  const began = deps.now();
  // First of all: storage that is away for a while must not make the server take this attempt for dead.
  const beat = beating(deps, { workspaceId, fence, runId: effect.runId }, endAs);
  try {
    if (facts?.due === true) await append(facts);
    activity.cancellationSignal.throwIfAborted();
    const early = endOf();
    if (early !== undefined) return early;
    if (facts !== null && !written)
      late = setTimeout(() => {
        appending = append(facts);
        // Its failure shows when it is awaited.
        appending.catch(() => undefined);
      }, PATIENCE_MS);
    const perform = executorOf(!fresh || activity.info.attempt > 1 || deps.now() - began > LONG_WRITE_MS);
    const result = await perform(effect, { signal: AbortSignal.any([activity.cancellationSignal, ended.signal]) });
    await appending;
    return endOf() ?? { status: 'performed', result, written };
  } catch (error) {
    activity.cancellationSignal.throwIfAborted();
    const how = endOf();
    if (how !== undefined) return how;
    if (error instanceof StillWaiting) {
      await appending;
      return { status: 'waiting', until: error.until, written };
    }
    throw error;
  } finally {
    clearTimeout(late);
    clearInterval(beat);
  }
}

type EndOfEffect = LostHold | { readonly status: 'stop'; readonly reason: string };

type Held = RunName & { readonly fence: Fence };

function beating(
  { storage, stopReason, now }: RunActivityDeps,
  { workspaceId, fence, runId }: Held,
  endAs: (how: EndOfEffect) => void,
): NodeJS.Timeout {
  const activity = Context.current();
  const warn = (error: unknown): void => {
    activity.log.warn(`the lease ${fence.resource} could not be looked after now`, { error });
  };
  const lookForStop = oneAtATime(() =>
    stopReason(workspaceId, runId).then((reason) => {
      if (reason !== undefined) endAs({ status: 'stop', reason });
    }, warn),
  );
  const renew = oneAtATime(() =>
    storage.leases.renew(workspaceId, fence, { now: now(), ttlMs: LEASE_MS }).then((ours) => {
      if (!ours) endAs({ status: 'taken-over' });
    }, warn),
  );
  let beats = 0;
  return setInterval(() => {
    activity.heartbeat();
    lookForStop();
    if (++beats % BEATS_PER_RENEWAL === 0) renew();
  }, BEAT_MS);
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
