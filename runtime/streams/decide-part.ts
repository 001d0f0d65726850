import { setTimeout as delay } from 'node:timers/promises';
import { storedExecutor, type CallLimiter } from '../../activities/index.ts';
import type { Plan } from '../../flow/index.ts';
import { lanesOfPart, PART_COUNT, type ArrivedRecord, type DecisionMade, type ModelRouter } from '../../schemas/index.ts';
import { loadPlan } from '../commands/flows.ts';
import { inWindow } from '../commands/in-window.ts';
import type { Context } from '../context.ts';
import { holdLease, type HeldLease } from '../leases.ts';
import type { Budget } from './budget.ts';
import { chooseLive } from './choose-stage.ts';
import { decideRecord, decideWithoutRun, finishRecord, supersedeRecord, type RecordTask, type RecordWork } from './decide-record.ts';
import { duplicateRule } from './duplicate-keys.ts';
import { inTurn } from './in-turn.ts';
import type { createPace } from './pace.ts';
import { actionOf, isDecided, runIdOf } from './record-decision.ts';
import { sourceStream, type SourceState } from './source-state.ts';
import type { SourceWatch } from './source-watch.ts';

/** What all parts of a source share that a process works on. */
export type Deciding = {
  readonly sourceId: string;
  readonly watch: SourceWatch;
  readonly models: ModelRouter;
  readonly calls: CallLimiter;
  readonly budget: Budget;
  readonly pace: ReturnType<typeof createPace>;
  readonly signal: AbortSignal;
  /** Whether to go on when nothing is pending. */
  readonly follow: () => boolean;
  readonly onDone: (done: DoneRecord) => void;
  /** Why nothing is decided for now; null when it goes on. */
  readonly onHold: (reason: string | null) => void;
  /** Whether to begin no other record, and end when those under way are decided. */
  readonly isEnough?: () => boolean;
};
export type DoneRecord =
  | { readonly fate: 'decided' | 'failed'; readonly decision: DecisionMade['data'] }
  | { readonly fate: 'superseded' }
  /** A decision beside the live one. */
  | { readonly fate: 'shadow'; readonly decision: DecisionMade['data'] };

export const partResource = (sourceId: string, part: number): string => `${sourceStream(sourceId)}/part/${part}`;

/** Runs in flight for each call in flight: a run that stores its decision must not keep a slot of the limit empty. */
const RUNS_PER_CALL = 2;
/** Runs at a time where none calls anything: they share the wait for the disk. */
const INLINE_RUNS = 256;
const PAGE = 250;
const IDLE_MS = 100;
const HOLD_MS = 500;

/**
 * Decides the pending records of one part of a source's lanes, those of one subject in the order of their arrival, several subjects at a time.
 * @throws RiskflowError `busy` while another process has the part; the reason of the signal
 */
export async function decidePart(context: Context, part: number, deciding: Deciding): Promise<void> {
  const lease = await holdLease(context, partResource(deciding.sourceId, part));
  // What fails must end the wait for records, too: else nobody would hear of it before the next one comes.
  const failed = new AbortController();
  const signal = AbortSignal.any([lease.signal, deciding.signal, failed.signal]);
  try {
    // Whoever had the part before may have begun runs.
    const begun = await runsBegun(context, lease.fence.resource);
    const work = prepareWork(context, deciding, lease);
    const order = inTurn();
    const { state, plans } = deciding.watch.view();
    const callsOut = [plans.live, plans.canary?.plan, plans.shadow].some(
      (plan) => plan !== undefined && plan !== null && performsEffects(plan),
    );
    const size = callsOut ? Math.ceil((state.settings.decide.concurrency * RUNS_PER_CALL) / PART_COUNT) : INLINE_RUNS / PART_COUNT;
    const pages = pagesOf(context, part, { ...deciding, signal });
    const madeOf = await decisionsLeft(context, state);
    // Which of those that wait is the last one with its key must be known before the first is asked about.
    if (state.settings.onDuplicateKey === 'replace')
      for await (const page of waitingPages(context, deciding.sourceId, part)) work().rule.see(page);
    let isLeft = false;
    const isEnough = (): boolean => isLeft || deciding.isEnough?.() === true;
    const decide = async (asked: Asked, either: AbortSignal): Promise<void> => {
      // Behind a record that is left as it is none may be decided: it could be of the same subject.
      if (!isLeft) isLeft = !(await decideOne({ work: work(), deciding, begun }, asked, either));
    };
    await inWindow(recordsOf(work, pages, { isEnough, madeOf }), { size: Math.max(2, size), signal }, (asked, either) =>
      order(asked.record.subject ?? asked.record.key, () => decide(asked, either)).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
  } finally {
    await lease.release();
  }
}

async function* recordsOf(
  work: () => RecordWork,
  pages: AsyncIterable<readonly ArrivedRecord[]>,
  { isEnough, madeOf }: { readonly isEnough: () => boolean; readonly madeOf: MadeOf },
): AsyncGenerator<Asked, void> {
  for await (const page of pages) {
    const { rule } = work();
    rule.see(page);
    const made = await madeOf(page);
    for (const record of page) {
      if (isEnough()) return;
      const decision = made.get(record.recordId);
      yield { record, isWanted: (await rule.wants(record)) || decision !== undefined, made: decision };
    }
  }
}

/** A record, and whether it is to be decided. */
type Asked = {
  readonly record: ArrivedRecord;
  readonly isWanted: boolean;
  /** The live decision that an earlier owner made, when he did not come to the one beside it. */
  readonly made: DecisionMade['data'] | undefined;
};

/** Live decisions of records that are pending for the one beside them, by record. */
type MadeOf = (page: readonly ArrivedRecord[]) => Promise<ReadonlyMap<string, DecisionMade['data']>>;

/** Where a source has or had a shadow, an earlier owner may have left such records. */
async function decisionsLeft(context: Context, { sourceId, hadShadow }: SourceState): Promise<MadeOf> {
  const { storage, workspaceId } = context;
  const upTo = hadShadow ? await storage.inbox.lastArrival(workspaceId, sourceId) : 0;
  return async (page) => {
    const recordIds = page.flatMap(({ arrival, recordId }) => (arrival <= upTo ? [recordId] : []));
    if (recordIds.length === 0) return NONE_MADE;
    await storage.projections.catchUp(workspaceId);
    const rows = await storage.read.decisionsAbout(workspaceId, { sourceId, mode: 'live', recordIds });
    return new Map(rows.map(({ n: _n, ...made }) => [made.recordId, made]));
  };
}
const NONE_MADE: ReadonlyMap<string, DecisionMade['data']> = new Map();

/** Pages of what is pending, each record once; waits for more where it is to follow. */
async function* pagesOf(context: Context, part: number, deciding: Deciding): AsyncGenerator<readonly ArrivedRecord[], void> {
  const { sourceId, signal, follow, isEnough = () => false } = deciding;
  const lanes = lanesOfPart(part);
  let after = 0;
  while (!signal.aborted && !isEnough()) {
    if (await isHeldUp(deciding)) {
      if (!follow()) return;
      await delay(HOLD_MS, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const mayCome = follow();
    const page = await context.storage.inbox.pending(context.workspaceId, sourceId, { after, limit: PAGE, lanes });
    const last = page.at(-1);
    if (last !== undefined) {
      after = last.arrival;
      yield page;
    } else if (mayCome) await delay(IDLE_MS, undefined, { signal }).catch(() => undefined);
    else return;
  }
}

/** All that is pending now, in pages. */
async function* waitingPages(context: Context, sourceId: string, part: number): AsyncGenerator<readonly ArrivedRecord[], void> {
  let after = 0;
  for (;;) {
    const page = await context.storage.inbox.pending(context.workspaceId, sourceId, { after, limit: PAGE, lanes: lanesOfPart(part) });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.arrival;
  }
}

/** Records wait while the kill switch is on or the budget is spent, unless there is a fallback to decide them. */
async function isHeldUp({ watch, budget, onHold }: Deciding): Promise<boolean> {
  const { killed, settings } = (await watch.refresh()).state;
  const hasFallback = actionOf(settings.decide.fallback) !== null;
  const waits = settings.decide.budget?.whenSpent === 'wait';
  const reason =
    killed !== null ? (hasFallback ? null : `the kill switch is on: ${killed}`) : waits || !hasFallback ? await budget.spent() : null;
  onHold(reason);
  return reason !== null;
}

/** Ids of the runs that an earlier owner has begun and not ended. */
async function runsBegun(context: Context, resource: string): Promise<ReadonlySet<string>> {
  const { events } = context.storage;
  const runs = await events.unfinishedRuns(context.workspaceId, { resource, limit: MOST_BEGUN });
  return new Set(runs.map(({ runId }) => runId));
}
/** More than any part has in flight. */
const MOST_BEGUN = 20_000;

type One = { readonly work: RecordWork; readonly deciding: Deciding; readonly begun: ReadonlySet<string> };

/** Decides one record; false when it is left as it is, since nothing may be decided for now. */
async function decideOne({ work, deciding, begun }: One, { record, isWanted, made }: Asked, signal: AbortSignal): Promise<boolean> {
  const { watch, sourceId, budget, pace, onDone } = deciding;
  const name = { recordId: record.recordId, mode: 'live', replay: 0 } as const;
  const mayBeBegun = begun.has(runIdOf(name));
  if (!isWanted) {
    await supersedeRecord(work, { record, name, mayBeBegun });
    onDone({ fate: 'superseded' });
    return true;
  }
  await pace.turn(signal);
  if (!(await untilMayDecide(deciding, signal))) return false;
  const { plans, state } = watch.view();
  const task: RecordTask = { record, name, mayBeBegun, ...chooseLive(plans, sourceId, record), leavesPending: plans.shadow !== null };
  const instead = await whatStandsIn(state, budget);
  const decide = () =>
    instead === null ? decideRecord(work, task, signal) : decideWithoutRun(work, { ...task, leavesPending: false }, instead);
  const decision = made ?? (await decide());
  if (made === undefined) budget.note(decision);
  onDone({ fate: isDecided(decision.status) || decision.action !== null ? 'decided' : 'failed', decision });
  if (plans.shadow === null || instead !== null) {
    if (made !== undefined) await finishRecord(work, made);
    return true;
  }
  const isBegun = begun.has(runIdOf({ ...name, mode: 'shadow' }));
  const shadow = await decideBeside(work, { record, mayBeBegun: isBegun, plan: plans.shadow, live: decision }, signal);
  budget.note(shadow);
  onDone({ fate: 'shadow', decision: shadow });
  return true;
}

/** Waits with a record that was taken when nothing held it up; false when it is left as it is, for whoever works on the part next. */
async function untilMayDecide(deciding: Deciding, signal: AbortSignal): Promise<boolean> {
  const { killed, settings } = deciding.watch.view().state;
  if (killed === null && settings.decide.budget === undefined) return true;
  while (await isHeldUp(deciding)) {
    if (!deciding.follow() || deciding.isEnough?.() === true) return false;
    await delay(HOLD_MS, undefined, { signal });
  }
  return true;
}

type StandsIn = { readonly error: string; readonly reason: string };

/** Why the fallback decides instead of a flow; null when a flow does. Without a fallback records wait, and do not come here. */
async function whatStandsIn({ killed, settings }: SourceState, budget: Budget): Promise<StandsIn | null> {
  if (actionOf(settings.decide.fallback) === null) return null;
  if (killed !== null) return { error: `the kill switch is on: ${killed}`, reason: 'kill_switch' };
  const spent = settings.decide.budget?.whenSpent === 'fallback' ? await budget.spent() : null;
  return spent === null ? null : { error: spent, reason: 'budget_spent' };
}

type Beside = {
  readonly record: ArrivedRecord;
  readonly mayBeBegun: boolean;
  readonly plan: Plan;
  readonly live: DecisionMade['data'];
};

/** The decision of a flow that is only looked at, held against the live one. */
function decideBeside(work: RecordWork, { record, mayBeBegun, plan, live }: Beside, signal: AbortSignal): Promise<DecisionMade['data']> {
  const name = { recordId: record.recordId, mode: 'shadow', replay: 0 } as const;
  return decideRecord(work, { record, name, stage: 'shadow', plan, mayBeBegun, live }, signal);
}

function prepareWork(context: Context, { sourceId, watch, models, calls }: Deciding, lease: HeldLease): () => RecordWork {
  const resumed = new Set<string>();
  const plans = new Map<string, Promise<Plan>>();
  const perform = storedExecutor({
    workspaceId: context.workspaceId,
    effects: context.storage.effects,
    perform: context.effects(models),
    calls,
    mayBeStored: ({ runId }) => resumed.has(runId),
    reuseKey: () => Promise.resolve(null),
  });
  // The latest version may be another one by now: a run whose effects have results must be found under its own.
  const planOf: RecordWork['planOf'] = ({ flowVersion, planVersion }) => {
    const name = `${planVersion} ${flowVersion}`;
    const known = plans.get(name) ?? loadPlan(context, flowVersion, planVersion);
    plans.set(name, known);
    return known;
  };
  const rule = duplicateRule(context, { sourceId, onDuplicateKey: watch.view().state.settings.onDuplicateKey });
  const fixed = { context, sourceId, planOf, perform, resumed, rule, fence: lease.fence, performsEffects };
  return () => {
    const { state, reading } = watch.view();
    return { ...fixed, settings: state.settings, reading };
  };
}

const INLINE: ReadonlySet<string> = new Set([
  'start',
  'end',
  'answer',
  'if-else',
  'template-transform',
  'variable-aggregator',
  'unsupported',
]);

/** Whether runs of a plan can have effects: else they are over as soon as they begin. */
export const performsEffects = (plan: Plan): boolean => plan.hasSecrets || plan.nodes.some((node) => !INLINE.has(node.behaviour.kind));
