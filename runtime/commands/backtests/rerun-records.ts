import { storedExecutor, type CallLimiter } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import {
  RiskflowError,
  type ArrivedRecord,
  type DecisionMade,
  type DecisionRow,
  type Fence,
  type ModelRouter,
  type Pin,
  type RecordRange,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { createBudget } from '../../streams/deciding/budget.ts';
import { decideRecord } from '../../streams/deciding/decide-record.ts';
import { duplicateRule } from '../../streams/deciding/duplicate-keys.ts';
import { inTurn } from '../../streams/deciding/in-turn.ts';
import { createPace } from '../../streams/deciding/pace.ts';
import { planCache } from '../../streams/plan-cache.ts';
import { runsInFlight } from '../../streams/deciding/plan-effects.ts';
import { besideOf, runIdOf } from '../../streams/deciding/record-decision.ts';
import type { RecordTask, RecordWork } from '../../streams/deciding/record-work.ts';
import { readingOf } from '../../streams/source-plans.ts';
import type { SourceState } from '../../streams/source-state.ts';
import { inWindow } from '../in-window.ts';
import { rangePages } from './record-range.ts';
import { answeringFirst, recordedAnswers, type RecordedAnswers } from './recorded-answers.ts';

/** Records that are decided again, in the order of their arrival for each subject. */
export type Rerun = {
  readonly state: SourceState;
  readonly mode: 'backtest' | 'live';
  readonly replay: number;
  readonly range: RecordRange;
  /** An earlier process may have begun runs of it, and made decisions. */
  readonly isResumed: boolean;
  /** Which plan decides a record. */
  readonly choose: (record: ArrivedRecord) => Pick<RecordTask, 'stage' | 'plan'>;
  /** All plans that may be chosen. */
  readonly plans: readonly Plan[];
  readonly pins: Readonly<Record<string, Pin>>;
  /** Questions that the live run asked get the answers that it got. */
  readonly recorded: boolean;
  readonly models: ModelRouter;
  readonly calls: CallLimiter;
  readonly concurrency: number;
  readonly fenceOf: (record: ArrivedRecord) => Fence;
  readonly signal: AbortSignal;
  readonly onDone: (outcome: RerunOutcome) => void;
};
/** `known`: decided by an earlier process. `left`: of a replay, a record that nothing was decided about so far. */
export type RerunOutcome =
  | { readonly kind: 'decided'; readonly decision: DecisionMade['data'] }
  | { readonly kind: 'known'; readonly decision: DecisionRow }
  | { readonly kind: 'left' };

type Item = { readonly record: ArrivedRecord; readonly live: DecisionRow | undefined };

/**
 * Decides all records of a range that this rerun has not decided. Records nobody has decided yet are decided by a backtest, too; a replay
 * leaves them to the source.
 * @throws RiskflowError `failed` when the day's budget of the source is spent; the reason of the signal
 */
export async function rerunRecords(context: Context, rerun: Rerun): Promise<void> {
  const { state, plans, concurrency, signal } = rerun;
  const size = runsInFlight(plans, concurrency);
  const decide = decider(context, rerun);
  const order = inTurn();
  const pace = createPace(() => state.settings.decide.perSecond);
  await context.storage.projections.catchUp(context.workspaceId);
  await inWindow(itemsOf(context, rerun, decide.checkBudget), { size, signal }, (item, either) =>
    order(item.record.subject ?? item.record.key, async () => {
      either.throwIfAborted();
      await pace.turn(either);
      await decide.one(item, either);
    }),
  );
}

/** What is left to decide. */
async function* itemsOf(context: Context, rerun: Rerun, checkBudget: () => Promise<void>): AsyncGenerator<Item, void> {
  const { state, mode, replay, range, isResumed, onDone } = rerun;
  for await (const page of rangePages(context, state.sourceId, range)) {
    const live = await decisionsOf(context, { sourceId: state.sourceId, page, mode: 'live' });
    const same = mode === 'live' ? live : isResumed ? await decisionsOf(context, { sourceId: state.sourceId, page, mode }) : NONE;
    for (const record of page) {
      const known = same.get(record.recordId)?.find((decision) => decision.replay === replay);
      const latest = latestOf(live.get(record.recordId));
      if (known !== undefined) onDone({ kind: 'known', decision: known });
      else if (mode === 'live' && latest === undefined) onDone({ kind: 'left' });
      else {
        await checkBudget();
        yield { record, live: latest };
      }
    }
  }
}

type About = { readonly sourceId: string; readonly page: readonly ArrivedRecord[]; readonly mode: 'live' | 'backtest' };
type ByRecord = ReadonlyMap<string, readonly DecisionRow[]>;
const NONE: ByRecord = new Map();

/** Decisions about the records of a page, as the read models have them. */
export async function decisionsOf({ storage, workspaceId }: Context, { sourceId, page, mode }: About): Promise<ByRecord> {
  const recordIds = page.map(({ recordId }) => recordId);
  return Map.groupBy(await storage.read.decisionsAbout(workspaceId, { sourceId, mode, recordIds }), ({ recordId }) => recordId);
}

/** The one of the latest replay. */
export const latestOf = (decisions: readonly DecisionRow[] = []): DecisionRow | undefined =>
  decisions.reduce<DecisionRow | undefined>((last, each) => (last === undefined || each.replay > last.replay ? each : last), undefined);

type Decider = {
  readonly one: (item: Item, signal: AbortSignal) => Promise<void>;
  readonly checkBudget: () => Promise<void>;
};

function decider(context: Context, rerun: Rerun): Decider {
  const { state, mode, replay, pins, recorded, isResumed, choose, fenceOf, onDone } = rerun;
  const { sourceId, settings } = state;
  const resumed = new Set<string>();
  const planOf = planCache(context);
  const answers = new Map<string, () => Promise<RecordedAnswers>>();
  const ask = context.effects(rerun.models);
  const perform = storedExecutor({
    workspaceId: context.workspaceId,
    effects: context.storage.effects,
    perform: recorded ? answeringFirst(ask, async (runId) => (await answers.get(runId)?.()) ?? new Map()) : ask,
    calls: rerun.calls,
    mayBeStored: ({ runId }) => resumed.has(runId),
    reuseKey: () => Promise.resolve(null),
  });
  const rule = duplicateRule(context, { sourceId, onDuplicateKey: 'process' });
  const fixed: Omit<RecordWork, 'fence'> = {
    context,
    sourceId,
    settings,
    reading: readingOf(state),
    planOf,
    perform,
    resumed,
    rule,
  };
  const purpose = mode === 'backtest' ? 'backtest' : 'stream';
  const budget = createBudget(context, { sourceId, purpose, settings: () => settings });
  return {
    checkBudget: async () => {
      const spent = await budget.spent();
      if (spent !== null) throw new RiskflowError('failed', `source "${sourceId}": ${spent}; what is decided is stored`);
    },
    one: async ({ record, live }, signal) => {
      const name = { recordId: record.recordId, mode, replay };
      const runId = runIdOf(name);
      if (recorded && live !== undefined)
        answers.set(
          runId,
          once(() => recordedAnswers(context, planOf, live.runId)),
        );
      const task: RecordTask = {
        record,
        name,
        mayBeBegun: isResumed,
        pins,
        ...choose(record),
        ...(mode === 'live' ? {} : { against: live === undefined ? null : besideOf(live) }),
      };
      try {
        const decision = await decideRecord({ ...fixed, fence: fenceOf(record) }, task, signal);
        budget.note(decision);
        onDone({ kind: 'decided', decision });
      } finally {
        answers.delete(runId);
      }
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
