import { interpreterFor, type Plan, type RunState, type Step } from '../../flow/index.ts';
import {
  messageOf,
  RiskflowError,
  RUN_EVENT_TIMES,
  StillWaiting,
  type Effect,
  type EffectExecutor,
  type EffectResult,
  type EventStore,
  type Fence,
  type RunEvent,
  type RunFinished,
  type RunStarted,
  type RunStatus,
  type WriteUnit,
} from '../../schemas/index.ts';
import { LongWaits } from './long-waits.ts';

export type RunHostDeps = {
  readonly workspaceId: string;
  readonly events: EventStore;
  readonly perform: EffectExecutor;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly actor: string;
};

export type DriveOptions = {
  readonly plan: Plan;
  /** Events the run has so far; empty for a new run. */
  readonly history: readonly RunEvent[];
  /** The first event of a new run. */
  readonly started: RunStarted;
  /** Ownership: the run's own lease, or that of its batch. Appends carry it. */
  readonly fence: Fence;
  /** The lease of the whole batch, where `fence` is that of a portion of it. Appends carry both. */
  readonly within?: Fence;
  /** Write RunStarted before anything else, so that the run can be found after a crash. A batch finds its runs by itself. */
  readonly durableStart: boolean;
  /** Aborting stops the run without any event: somebody else goes on with it later. */
  readonly signal: AbortSignal;
  /** Milliseconds after which the run is stopped and fails; Dify's default is 1,200,000. */
  readonly timeoutMs?: number;
  /** An effect that has to wait longer than this, in milliseconds, pauses the run once nothing else of it is under way. Default: it waits here. */
  readonly longestWaitMs?: number;
  /** Stay while a person is waited for, and look for an answer so often, in milliseconds. Default: the run pauses. */
  readonly lookForAnswersMs?: number;
  /** Each event once it happened, in order. */
  readonly onEvent?: (event: RunEvent) => void;
  /** What else is written in the transaction of the last events: the result or decision that the run leads to. */
  readonly atEnd?: (finished: RunFinished['data']) => RunEnd;
  /** Asked now and then: has somebody requested a stop? */
  readonly stopRequested?: () => Promise<string | undefined>;
  /** Aborted with the reason, a text: the run is stopped, and from that moment on none of its effects begins that waits for its turn. */
  readonly cancelled?: AbortSignal;
};

export type RunEnd = Pick<WriteUnit, 'blobs' | 'claims' | 'inboxDone'> & { readonly appends: WriteUnit['appends'] };

export type RunOutcome =
  | { readonly status: 'finished'; readonly data: RunFinished['data']; readonly state: RunState }
  /** It waits for long: its last event is RunPaused, and whoever takes it goes on from its events. */
  | {
      readonly status: 'paused';
      /** Titles of the nodes that wait for a person. */ readonly nodes: readonly string[];
      readonly until: number | null;
    }
  /** The lease was lost: another owner goes on. */
  | { readonly status: 'taken-over' };

const STOP_POLL_MS = 500;
/** So many nodes happen, and their facts are written, before other work of this process has its turn: some ten milliseconds. */
const NODES_PER_SLICE = 200;
export const DEFAULT_RUN_TIMEOUT_MS = 1_200_000;
export const LOG_OF_RUNS = 'runs-0';
export const runStream = (runId: string): string => `run/${runId}`;

/**
 * Drives one run to its end: performs the effects the interpreter wants and feeds the results back. Facts are buffered and written
 * with the next effect's result or at the end; resolves when the last one is durable. Rejects when aborted or when storage fails. Once it
 * settles nothing of it is on its way any more, so that whoever drives the run again, under the same fence too, finds all that it wrote.
 */
export async function driveRun(deps: RunHostDeps, options: DriveOptions): Promise<RunOutcome> {
  const { plan, started } = options;
  const { advance, conclude, evolve, initialState, pendingEffects, requestStop } = interpreterFor(plan);
  const arrivals = new Arrivals();
  // One controller that follows the owner's signal by hand: AbortSignal.any would leave a weak reference per run on a signal that lives as
  // long as a batch of many thousand runs.
  const effects = new AbortController();
  const follow = (): void => effects.abort(options.signal.reason);
  if (options.signal.aborted) follow();
  options.signal.addEventListener('abort', follow, { once: true });
  const { cancelled } = options;
  // The effects end now and not with the run: while it writes its end they could take turns that other ends set free.
  const cancel = (): void => {
    arrivals.push({ kind: 'stop', reason: String(cancelled?.reason) });
    effects.abort();
  };
  if (cancelled?.aborted === true) cancel();
  cancelled?.addEventListener('abort', cancel, { once: true });
  let inFlight = 0;
  const waits = new LongWaits();
  /** Questions that are looked at again while their run stays. */
  const looks = new Set<NodeJS.Timeout>();
  const watch = watchRun(options, arrivals);
  const writer = new FactWriter(deps, options, options.history.length);
  let state = evolve(plan, initialState(plan), options.history);
  // A step that ended because it was long: the interpreter goes on once its facts are written.
  let more = false;
  const clock = (): { readonly now: number; readonly maxNodes: number } => ({ now: deps.now(), maxNodes: NODES_PER_SLICE });
  const take = (step: Step): void => {
    state = step.state;
    more = step.more;
    writer.buffer(step.facts);
    for (const effect of step.effects) perform(effect);
  };
  const lookLater = (effect: Effect, pauseMs: number): void => {
    const timer = setTimeout(() => {
      looks.delete(timer);
      perform(effect);
    }, pauseMs);
    looks.add(timer);
  };
  const perform = (effect: Effect): void => {
    const waitMs = waitOf(effect);
    if (waitMs > (options.longestWaitMs ?? Infinity)) {
      waits.delay(deps.now() + waitMs);
      return;
    }
    inFlight++;
    deps.perform(effect, { signal: effects.signal }).then(
      (result) => {
        inFlight--;
        arrivals.push({ kind: 'result', effectId: effect.effectId, result });
      },
      (error: unknown) => {
        inFlight--;
        arrivals.push(error instanceof StillWaiting ? { kind: 'waiting', effect, until: error.until } : { kind: 'error', error });
      },
    );
  };
  try {
    if (options.history.length === 0) {
      state = evolve(plan, state, [started]);
      writer.buffer([started]);
      if (options.durableStart) await writer.flush('running');
    } else {
      // A stop that was asked for while nobody owned the run: nothing may start any more.
      const reason = await options.stopRequested?.();
      if (state.paused !== null) {
        const resumed: RunEvent = { type: 'RunResumed', data: { at: deps.now() } };
        state = evolve(plan, state, [resumed]);
        writer.buffer([resumed]);
      }
      if (reason !== undefined) take(requestStop(plan, state, { ...clock(), reason }));
      else for (const effect of pendingEffects(plan, state, { now: deps.now() })) perform(effect);
    }
    take(advance(plan, state, clock()));
    while (state.finished === null) {
      if (more && arrivals.isEmpty()) {
        await writer.flush('running');
        options.signal.throwIfAborted();
        take(advance(plan, state, clock()));
        continue;
      }
      const isQuiet = inFlight === 0 && arrivals.isEmpty();
      if (isQuiet && !waits.isEmpty) {
        const again = waits.takeOld(deps.now());
        if (again.length > 0) {
          for (const effect of again) perform(effect);
          continue;
        }
        const { data, titles } = waits.pause(deps.now());
        writer.buffer([{ type: 'RunPaused', data }]);
        await writer.flush('paused');
        return { status: 'paused', nodes: titles, until: data.until };
      }
      if (isQuiet && looks.size > 0) watch.hold();
      const arrival = await arrivals.next(options.signal);
      if (arrival.kind === 'error') throw arrival.error;
      if (arrival.kind === 'waiting') {
        const { effect, until } = arrival;
        const { lookForAnswersMs } = options;
        // Whoever is to answer must find the question, however long the rest of the run takes.
        if (!writer.isEmpty) writer.flushSoon('running');
        if (lookForAnswersMs === undefined) waits.ask(effect, until);
        else lookLater(effect, until === null ? lookForAnswersMs : Math.min(lookForAnswersMs, Math.max(0, until - deps.now())));
        continue;
      }
      watch.goOn();
      waits.happened();
      if (arrival.kind === 'stop') take(requestStop(plan, state, { ...clock(), reason: arrival.reason }));
      else if (state.running.has(arrival.effectId)) {
        take(conclude(plan, state, { ...clock(), effectId: arrival.effectId, result: arrival.result }));
        if (state.finished === null) writer.flushSoon('running');
      }
    }
    await writer.flush(state.finished.status, options.atEnd?.(state.finished));
    return { status: 'finished', data: state.finished, state };
  } catch (error) {
    if (error instanceof LostLease) return { status: 'taken-over' };
    throw error;
  } finally {
    watch.close();
    for (const look of looks) clearTimeout(look);
    options.signal.removeEventListener('abort', follow);
    cancelled?.removeEventListener('abort', cancel);
    if (inFlight > 0) effects.abort();
    await writer.close();
  }
}

/** How long an effect takes at least: the pause before a retry, and what a pinned result is to take. */
const waitOf = ({ delayMs, request }: Effect): number => delayMs + (request.kind === 'pinned' ? (request.pin.delayMs ?? 0) : 0);

type Arrival =
  | { readonly kind: 'result'; readonly effectId: string; readonly result: EffectResult }
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'waiting'; readonly effect: Effect; readonly until: number | null }
  | { readonly kind: 'error'; readonly error: unknown };

/** What comes in from outside, one at a time in order of arrival. */
class Arrivals {
  readonly #queue: Arrival[] = [];
  #wake: (() => void) | undefined;

  push(arrival: Arrival): void {
    this.#queue.push(arrival);
    this.#wake?.();
  }

  isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  async next(signal: AbortSignal): Promise<Arrival> {
    for (;;) {
      signal.throwIfAborted();
      const arrival = this.#queue.shift();
      if (arrival !== undefined) return arrival;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#wake = done;
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }
}

class LostLease extends Error {}

/** Writes a run's facts in order, numbered from where its stream ended. */
class FactWriter {
  readonly #deps: RunHostDeps;
  readonly #options: DriveOptions;
  #buffer: RunEvent[] = [];
  #written: number;
  #last: Promise<void> = Promise.resolve();
  #failed: Error | undefined;

  constructor(deps: RunHostDeps, options: DriveOptions, written: number) {
    this.#deps = deps;
    this.#options = options;
    this.#written = written;
  }

  /** Nothing happened that is not written, or about to be. */
  get isEmpty(): boolean {
    return this.#buffer.length === 0;
  }

  buffer(events: readonly RunEvent[]): void {
    this.#buffer.push(...events);
    if (this.#options.onEvent !== undefined) for (const event of events) this.#options.onEvent(event);
  }

  /** Starts writing what is buffered, and goes on. A failure shows at the next flush. */
  flushSoon(status: RunStatus): void {
    this.flush(status).catch((error: unknown) => {
      this.#failed ??= error instanceof Error ? error : new Error(messageOf(error));
    });
  }

  flush(status: RunStatus, end?: RunEnd): Promise<void> {
    const events = this.#buffer;
    this.#buffer = [];
    this.#last = this.#last.then(async () => {
      if (this.#failed !== undefined) throw this.#failed;
      await this.#write(events, status, end);
    });
    return this.#last;
  }

  /** Waits for the write under way; those behind it are dropped. */
  async close(): Promise<void> {
    this.#failed ??= new Error('the run is not driven any more');
    await this.#last.catch(() => undefined);
  }

  async #write(events: readonly RunEvent[], status: RunStatus, end: RunEnd = { appends: [] }): Promise<void> {
    const { plan, started, fence, within } = this.#options;
    const { runId, mode } = started.data;
    const unit: WriteUnit = {
      workspaceId: this.#deps.workspaceId,
      actor: this.#deps.actor,
      correlationId: runId,
      fence,
      ...(within === undefined ? {} : { within }),
      ...end,
      appends: [
        { log: LOG_OF_RUNS, stream: runStream(runId), events, expected: { from: this.#written + 1, ignoring: RUN_EVENT_TIMES } },
        ...end.appends,
      ],
      runStatus: [{ runId, flow: plan.flow, flowVersion: plan.flowVersion, mode, status, resource: (within ?? fence).resource }],
    };
    const result = await this.#deps.events.write(unit);
    if (result.status === 'stale-fence') throw new LostLease(`the lease ${result.resource} was taken over`);
    // Driven again it goes on from those.
    if (result.status === 'conflict' && result.stream === runStream(runId) && result.version > this.#written)
      throw new RiskflowError('failed', `the run ${runId} has other events already than those which were to be written; start it again`);
    if (result.status !== 'written')
      throw new RiskflowError('internal', `the events of run ${runId} could not be written: ${result.status}`);
    this.#written += events.length;
  }
}

/** Watches for a stop request and for the time limit, which does not count while it is held. */
function watchRun(
  options: DriveOptions,
  arrivals: Arrivals,
): { readonly close: () => void; readonly hold: () => void; readonly goOn: () => void } {
  const limit = options.timeoutMs ?? DEFAULT_RUN_TIMEOUT_MS;
  let left = limit;
  let since = 0;
  let late: NodeJS.Timeout | undefined;
  const goOn = (): void => {
    if (late !== undefined) return;
    since = performance.now();
    late = setTimeout(() => arrivals.push({ kind: 'stop', reason: `the run took longer than ${limit} ms (limit runTimeoutMs)` }), left);
  };
  const hold = (): void => {
    if (late === undefined) return;
    clearTimeout(late);
    late = undefined;
    left = Math.max(0, left - (performance.now() - since));
  };
  goOn();
  const { stopRequested } = options;
  const poll = stopRequested === undefined ? undefined : setInterval(() => pollStop(stopRequested, arrivals), STOP_POLL_MS);
  return {
    close: () => {
      hold();
      clearInterval(poll);
    },
    hold,
    goOn,
  };
}

function pollStop(stopRequested: () => Promise<string | undefined>, arrivals: Arrivals): void {
  stopRequested().then(
    (reason) => {
      if (reason !== undefined) arrivals.push({ kind: 'stop', reason });
    },
    (error: unknown) =>
      arrivals.push({
        kind: 'error',
        error: new RiskflowError('failed', `the stop request could not be read: ${messageOf(error)}`, { cause: error }),
      }),
  );
}
