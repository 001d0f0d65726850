import { setTimeout as delay } from 'node:timers/promises';
import { createCallLimiter, storedExecutor, type CallLimiter } from '../../activities/index.ts';
import type { Plan } from '../../flow/index.ts';
import { lanesOfPart, PART_COUNT, type ArrivedRecord, type DecisionMade, type ModelRouter } from '../../schemas/index.ts';
import { loadPlan } from '../commands/flows.ts';
import { inWindow } from '../commands/in-window.ts';
import type { Context } from '../context.ts';
import { holdLease, type HeldLease } from '../leases.ts';
import type { Budget } from './budget.ts';
import { chooseLive } from './choose-stage.ts';
import { decideRecord, decideWithoutRun, supersedeRecord, type RecordTask, type RecordWork } from './decide-record.ts';
import { duplicateRule } from './duplicate-keys.ts';
import { inTurn } from './in-turn.ts';
import type { createPace } from './pace.ts';
import { actionOf, isDecided } from './record-decision.ts';
import { sourceStream } from './source-state.ts';
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
const INLINE_RUNS = 64;
const PAGE = 250;
const IDLE_MS = 100;
const HOLD_MS = 500;

/**
 * Decides the pending records of one part of a source's lanes, those of one subject in the order of their arrival, several subjects at a time.
 * @throws RiskflowError `busy` while another process has the part; the reason of the signal
 */
export async function decidePart(context: Context, part: number, deciding: Deciding): Promise<void> {
  const lease = await holdLease(context, partResource(deciding.sourceId, part));
  const signal = AbortSignal.any([lease.signal, deciding.signal]);
  try {
    // Whoever had the part before may have begun runs of these.
    const begunUpTo = await context.storage.inbox.lastArrival(context.workspaceId, deciding.sourceId);
    const work = prepareWork(context, deciding, lease);
    const order = inTurn();
    const { state, plans } = deciding.watch.view();
    const callsOut = [plans.live, plans.canary?.plan, plans.shadow].some(
      (plan) => plan !== undefined && plan !== null && performsEffects(plan),
    );
    const size = callsOut ? Math.ceil((state.settings.decide.concurrency * RUNS_PER_CALL) / PART_COUNT) : INLINE_RUNS / PART_COUNT;
    const pages = pagesOf(context, part, { ...deciding, signal });
    // Which of those that wait is the last one with its key must be known before the first is asked about.
    if (state.settings.onDuplicateKey === 'replace')
      for await (const page of waitingPages(context, deciding.sourceId, part)) work().rule.see(page);
    await inWindow(recordsOf(work, pages), { size: Math.max(2, size), signal }, (asked, either) =>
      order(asked.record.subject ?? asked.record.key, () => decideOne({ work: work(), deciding, begunUpTo }, asked, either)),
    );
  } finally {
    await lease.release();
  }
}

async function* recordsOf(work: () => RecordWork, pages: AsyncIterable<readonly ArrivedRecord[]>): AsyncGenerator<Asked, void> {
  for await (const page of pages) {
    const { rule } = work();
    rule.see(page);
    for (const record of page) yield { record, isWanted: await rule.wants(record) };
  }
}

/** A record, and whether it is to be decided. */
type Asked = { readonly record: ArrivedRecord; readonly isWanted: boolean };

/** Pages of what is pending, each record once; waits for more where it is to follow. */
async function* pagesOf(context: Context, part: number, deciding: Deciding): AsyncGenerator<readonly ArrivedRecord[], void> {
  const { sourceId, signal, follow } = deciding;
  const lanes = lanesOfPart(part);
  let after = 0;
  while (!signal.aborted) {
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

type One = { readonly work: RecordWork; readonly deciding: Deciding; readonly begunUpTo: number };

async function decideOne({ work, deciding, begunUpTo }: One, { record, isWanted }: Asked, signal: AbortSignal): Promise<void> {
  const { watch, sourceId, budget, pace, onDone } = deciding;
  const name = { recordId: record.recordId, mode: 'live', replay: 0 } as const;
  const mayBeBegun = record.arrival <= begunUpTo;
  if (!isWanted) {
    await supersedeRecord(work, { record, name, mayBeBegun });
    onDone({ fate: 'superseded' });
    return;
  }
  await pace.turn(signal);
  const { plans, state } = watch.view();
  const task: RecordTask = { record, name, mayBeBegun, ...chooseLive(plans, sourceId, record) };
  const instead =
    state.killed !== null ? { error: `the kill switch is on: ${state.killed}`, reason: 'kill_switch' } : await whenSpent(budget);
  const decision = instead === null ? await decideRecord(work, task, signal) : await decideWithoutRun(work, task, instead);
  budget.note(decision);
  onDone({ fate: isDecided(decision.status) || decision.action !== null ? 'decided' : 'failed', decision });
  if (plans.shadow === null || instead !== null) return;
  const shadow = await decideBeside(work, { record, plan: plans.shadow, decision }, signal);
  budget.note(shadow);
  onDone({ fate: 'shadow', decision: shadow });
}

async function whenSpent(budget: Budget): Promise<{ readonly error: string; readonly reason: string } | null> {
  const error = await budget.spent();
  return error === null ? null : { error, reason: 'budget_spent' };
}

/** The decision of a flow that is only looked at, held against the live one. */
function decideBeside(
  work: RecordWork,
  { record, plan, decision }: { readonly record: ArrivedRecord; readonly plan: Plan; readonly decision: DecisionMade['data'] },
  signal: AbortSignal,
): Promise<DecisionMade['data']> {
  const { decisionId, flow, flowVersion, label, action } = decision;
  const name = { recordId: record.recordId, mode: 'shadow', replay: 0 } as const;
  return decideRecord(
    work,
    { record, name, stage: 'shadow', plan, mayBeBegun: false, against: { decisionId, flow, flowVersion, label, action } },
    signal,
  );
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

export const callLimiterOf = (concurrency: number): CallLimiter => createCallLimiter(concurrency);

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
