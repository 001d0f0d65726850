import { readText, type RecordView } from '../../../connectors/index.ts';
import { pinOf, traitsOf, type Plan } from '../../../flow/index.ts';
import type { ArrivedRecord, DecisionRow, RecordRange } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { performsEffects } from '../../streams/deciding/plan-effects.ts';
import { isDecided } from '../../streams/deciding/record-decision.ts';
import { viewOf, type RecordReading } from '../../streams/deciding/record-inputs.ts';
import { readingOf } from '../../streams/source-plans.ts';
import { readSourceState } from '../../streams/source-state.ts';
import { loadPlan } from '../flows.ts';
import { readRun } from '../runs/run-reads.ts';
import { compareAccuracy, type Accuracies, type LabelledPair } from './accuracy.ts';
import { missingOf, rangePages } from './record-range.ts';
import { labelReader } from './record-label.ts';
import type { BacktestFinished, BacktestStarted } from './rerun-facts.ts';
import { decisionsOf } from './rerun-records.ts';

/** Two values that decisions about the same records gave, and how often. */
export type Met = { readonly live: string | null; readonly backtest: string | null; readonly count: number };

/** Milliseconds that runs took from their start to their end; null without any. */
export type RunTimes = { readonly p50: number | null; readonly p95: number | null };

/** The live decisions that the backtest was held against, and those of the backtest. */
export type Both<T> = { readonly live: T; readonly backtest: T };

/** A record about which the two do not say the same. */
export type ChangedRecord = {
  readonly recordId: string;
  readonly key: string | null;
  readonly arrival: number;
  /** The beginning of its text. */
  readonly text: string | null;
  readonly label: Both<string | null>;
  readonly action: Both<string | null>;
  /** Why the backtest did not decide it. */
  readonly error: string | null;
};

export type BacktestSummary = {
  readonly sourceId: string;
  readonly backtest: number;
  readonly flow: string;
  readonly flowVersion: string;
  readonly status: 'finished' | 'unfinished';
  readonly range: RecordRange;
  readonly recorded: boolean;
  /** Node ids and types whose results were pinned. */
  readonly pinned: readonly string[];
  /** What of the range is kept no longer, in a sentence; null when all of it is there. */
  readonly missing: string | null;
  /** Records of the range, and how many of them are not decided by the backtest yet. */
  readonly records: number;
  readonly open: number;
  /** Decided here, but not by the source: nothing to hold it against. */
  readonly withoutLive: number;
  readonly agree: number;
  readonly differ: number;
  readonly labels: readonly Met[];
  readonly actions: readonly Met[];
  readonly changed: readonly ChangedRecord[];
  /** Changed records that are not listed. */
  readonly changedLeftOut: number;
  readonly errors: Both<number>;
  /** USD, and tokens; null where nobody said. */
  readonly cost: Both<number | null>;
  readonly tokens: Both<{ readonly input: number; readonly output: number } | null>;
  readonly runMs: Both<RunTimes>;
  /** Nodes of the backtest that ask something: asked, answered from the live run, or pinned. */
  readonly nodes: { readonly performed: number; readonly recorded: number; readonly pinned: number };
  /** Null where records do not say what they are. */
  readonly accuracy: Accuracies | null;
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
};

const MOST_CHANGED = 20;
const TEXT_LENGTH = 120;

/** Sums up what is stored of a backtest: the same for one that was interrupted and resumed. */
export async function summarizeBacktest(
  context: Context,
  started: BacktestStarted,
  finished: BacktestFinished | null,
): Promise<BacktestSummary> {
  const { sourceId, backtest, flow, flowVersion, range, recorded, pins, label } = started;
  const state = await readSourceState(context, sourceId);
  const plan = await loadPlan(context, flowVersion);
  const tally = new Tally({ readsLabel: label === null ? null : labelReader(label), reading: readingOf(state) });
  await context.storage.projections.catchUp(context.workspaceId);
  for await (const page of rangePages(context, sourceId, range)) {
    const live = await decisionsOf(context, { sourceId, page, mode: 'live' });
    const beside = await decisionsOf(context, { sourceId, page, mode: 'backtest' });
    const ours: DecisionRow[] = [];
    for (const record of page) {
      const decision = beside.get(record.recordId)?.find(({ replay }) => replay === backtest);
      const against = live.get(record.recordId)?.find(({ decisionId }) => decisionId === decision?.against?.decisionId);
      tally.add(record, decision, against);
      if (decision !== undefined) ours.push(decision);
    }
    if (performsEffects(plan)) for (const { runId } of ours) tally.addNodes(await nodesOf(context, { plan, pins, runId }));
  }
  return {
    sourceId,
    backtest,
    flow,
    flowVersion,
    status: finished === null ? 'unfinished' : 'finished',
    range,
    recorded,
    pinned: Object.keys(pins),
    missing: await missingOf(context, sourceId, range),
    ...tally.totals(),
    accuracy: label === null ? null : compareAccuracy(tally.labelled, { live: state.live.flow, backtest: flow, flowVersion }),
    startedAt: started.at,
    finishedAt: finished?.at ?? null,
  };
}

type Nodes = BacktestSummary['nodes'];

/** How the asking nodes of a run came to their results. */
async function nodesOf(
  context: Context,
  { plan, pins, runId }: { readonly plan: Plan; readonly pins: BacktestStarted['pins']; readonly runId: string },
): Promise<Nodes> {
  const counts = { performed: 0, recorded: 0, pinned: 0 };
  for (const event of await readRun(context, runId)) {
    if (event.type !== 'NodeFinished') continue;
    const node = plan.nodes.find(({ id }) => id === event.data.nodeId);
    if (node === undefined) continue;
    if (pinOf(pins, node) !== undefined) counts.pinned++;
    else if (traitsOf(node.behaviour.kind).needs === 'answer') counts[event.data.reused ? 'recorded' : 'performed']++;
  }
  return counts;
}

type Reading = { readonly readsLabel: ((view: RecordView) => string | null) | null; readonly reading: RecordReading };

/** Adds up records in the order of their arrival. */
class Tally {
  readonly #reading: Reading;
  readonly #labels = new Map<string, Met>();
  readonly #actions = new Map<string, Met>();
  readonly #changed: ChangedRecord[] = [];
  readonly #usage = { live: newUsage(), backtest: newUsage() };
  readonly #nodes = { performed: 0, recorded: 0, pinned: 0 };
  readonly labelled: LabelledPair[] = [];
  #records = 0;
  #open = 0;
  #withoutLive = 0;
  #agree = 0;
  #differ = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  add(record: ArrivedRecord, decision: DecisionRow | undefined, against: DecisionRow | undefined): void {
    this.#records++;
    if (decision === undefined) {
      this.#open++;
      return;
    }
    this.#usage.backtest.add(decision);
    if (against === undefined) {
      this.#withoutLive++;
      return;
    }
    this.#usage.live.add(against);
    const label = { live: against.label, backtest: decision.label };
    const action = { live: against.action, backtest: decision.action };
    meet(this.#labels, label);
    meet(this.#actions, action);
    const view = viewOf(record);
    if (label.live === label.backtest && action.live === action.backtest) this.#agree++;
    else if (++this.#differ <= MOST_CHANGED) this.#changed.push(this.#changeOf(record, { label, action, error: decision.error, view }));
    const truth = this.#reading.readsLabel?.(view) ?? null;
    if (this.#reading.readsLabel !== null) this.labelled.push({ record, truth, live: against, backtest: decision });
  }

  addNodes({ performed, recorded, pinned }: Nodes): void {
    this.#nodes.performed += performed;
    this.#nodes.recorded += recorded;
    this.#nodes.pinned += pinned;
  }

  #changeOf(
    { recordId, key, arrival }: ArrivedRecord,
    { view, ...said }: Pick<ChangedRecord, 'label' | 'action' | 'error'> & { readonly view: RecordView },
  ): ChangedRecord {
    const text = readText(this.#reading.reading.mapping, view) ?? null;
    const characters = text === null ? [] : Array.from(text.slice(0, TEXT_LENGTH * 2));
    return { recordId, key, arrival, text: text === null ? null : characters.slice(0, TEXT_LENGTH).join(''), ...said };
  }

  totals() {
    const { live, backtest } = this.#usage;
    return {
      records: this.#records,
      open: this.#open,
      withoutLive: this.#withoutLive,
      agree: this.#agree,
      differ: this.#differ,
      labels: mostFirst(this.#labels),
      actions: mostFirst(this.#actions),
      changed: this.#changed,
      changedLeftOut: this.#differ - this.#changed.length,
      errors: { live: live.errors(), backtest: backtest.errors() },
      cost: { live: live.cost(), backtest: backtest.cost() },
      tokens: { live: live.tokens(), backtest: backtest.tokens() },
      runMs: { live: live.times(), backtest: backtest.times() },
      nodes: this.#nodes,
    };
  }
}

function meet(met: Map<string, Met>, both: Both<string | null>): void {
  const name = JSON.stringify([both.live, both.backtest]);
  met.set(name, { ...both, count: (met.get(name)?.count ?? 0) + 1 });
}

const mostFirst = (met: ReadonlyMap<string, Met>): readonly Met[] =>
  [...met].sort(([a, { count: timesA }], [b, { count: timesB }]) => timesB - timesA || (a < b ? -1 : 1)).map(([, each]) => each);

/** What decisions of one side used up. */
function newUsage() {
  const times: number[] = [];
  const sums = { errors: 0, cost: null as number | null, input: null as number | null, output: null as number | null };
  const at = (share: number): number | null => times.sort((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? null;
  return {
    add: ({ status, cost, tokens, elapsedMs }: DecisionRow): void => {
      if (!isDecided(status)) sums.errors++;
      if (cost !== null) sums.cost = (sums.cost ?? 0) + cost;
      if (tokens !== null) {
        sums.input = (sums.input ?? 0) + tokens.input;
        sums.output = (sums.output ?? 0) + tokens.output;
      }
      if (elapsedMs !== null) times.push(elapsedMs);
    },
    errors: () => sums.errors,
    cost: () => sums.cost,
    tokens: () => (sums.input === null || sums.output === null ? null : { input: sums.input, output: sums.output }),
    times: (): RunTimes => ({ p50: at(0.5), p95: at(0.95) }),
  };
}
