import { createCallLimiter } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import { RiskflowError, type Pin } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { holdLease } from '../../leases.ts';
import { refuseActing } from '../../streams/deciding/acting-nodes.ts';
import { planOfStage } from '../../streams/source-plans.ts';
import { readSourceState, type SourceState } from '../../streams/source-state.ts';
import { freezeModels } from '../evaluations/evaluation-prepare.ts';
import { resolveFlow } from '../evaluations/evaluation-request.ts';
import { loadPlan } from '../flows.ts';
import { summarizeBacktest, type BacktestSummary } from './backtest-summary.ts';
import { countRange, fixRange, type RangeRequest } from './record-range.ts';
import { labelReader } from './record-label.ts';
import { beginRerun, endRerun, listBacktestFacts, rerunNumbered, rerunResource, type BacktestStarted } from './rerun-facts.ts';
import { rerunRecords } from './rerun-records.ts';

export type BacktestRequest = {
  readonly sourceId: string;
  /** FLOW (its latest version), FLOW:VERSION, or a flow file, which is published. */
  readonly flow: string;
  readonly range: RangeRequest;
  readonly pins: Readonly<Record<string, Pin>>;
  readonly recorded: boolean;
  /** Calls in flight; default: as the source's settings say. */
  readonly concurrency?: number;
  /** The field or path of a record that says what it truly is. */
  readonly label?: string;
};

export type BacktestOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Told when it is written down, and can be resumed. */
  readonly onStarted?: (started: BacktestStarted) => void;
};

/**
 * Decides records of a source again, by another version, beside what was decided: no decision of the source changes, nothing is told outside.
 * @throws RiskflowError for every mistake before the first call; the reason of the signal, after which `resumeBacktest` goes on
 */
export async function runBacktest(context: Context, request: BacktestRequest, options: BacktestOptions = {}): Promise<BacktestSummary> {
  const { sourceId, pins, recorded, label = null } = request;
  const state = await readSourceState(context, sourceId);
  const { plan, publish } = await resolveFlow(context, request.flow);
  refuseActingUnpinned(plan, pins);
  if (label !== null) labelReader(label);
  const range = await fixRange(context, sourceId, request.range);
  if ((await countRange(context, sourceId, { ...range, limit: 1 })) === 0)
    throw new RiskflowError('not_found', `no record of source "${sourceId}" happened in that time`, {
      hint: 'the times are those of the records (event time), not of their decisions',
    });
  const same = recorded ? await unchangedNodes(context, state, plan) : [];
  const unasked = { ...pins, ...Object.fromEntries(same.map((id): [string, Pin] => [id, { outputs: {} }])) };
  const artifacts = await freezeModels({ context, variant: { plan, pins: unasked }, models: context.models() });
  await publish();
  const { flow, flowVersion } = plan;
  const concurrency = request.concurrency ?? state.settings.decide.concurrency;
  const fixed = { sourceId, flow, flowVersion, range, pins, recorded, artifacts, label, concurrency, at: context.now() };
  const backtest = await beginRerun(context, {
    kind: 'backtest',
    sourceId,
    known: (await listBacktestFacts(context, sourceId)).length,
    event: (n) => ({ type: 'BacktestStarted', data: { ...fixed, backtest: n } }),
  });
  return decideBacktest(context, { ...fixed, backtest }, { ...options, isResumed: false });
}

/** Goes on with a backtest that was interrupted: what was decided stays. A finished one is only summed up again. */
export async function resumeBacktest(
  context: Context,
  { sourceId, backtest, concurrency }: { readonly sourceId: string; readonly backtest: number; readonly concurrency?: number },
  options: BacktestOptions = {},
): Promise<BacktestSummary> {
  const { started, finished } = await backtestFacts(context, sourceId, backtest);
  if (finished !== null) return summarizeBacktest(context, started, finished);
  return decideBacktest(context, { ...started, concurrency: concurrency ?? started.concurrency }, { ...options, isResumed: true });
}

/** A backtest as it stands. */
export async function showBacktest(context: Context, sourceId: string, backtest: number): Promise<BacktestSummary> {
  const { started, finished } = await backtestFacts(context, sourceId, backtest);
  return summarizeBacktest(context, started, finished);
}

const refuseActingUnpinned = (plan: Plan, pins: BacktestRequest['pins']): void =>
  refuseActing('a backtest', { plan, pins }, ([first, ...others]) => {
    const what = others.length === 0 ? 'it a result' : 'them results';
    return `give ${what} with --pin PINS.json: {"${first?.id ?? 'NODE_ID'}": {"outputs": {…}}}`;
  });

async function backtestFacts(context: Context, sourceId: string, backtest: number) {
  await readSourceState(context, sourceId);
  return rerunNumbered('backtest', sourceId, await listBacktestFacts(context, sourceId), backtest);
}

/** Nodes that are the same in the flows that decide now: where they ask the same, nothing is asked again. */
async function unchangedNodes(context: Context, { live, canary }: SourceState, plan: Plan): Promise<readonly string[]> {
  const before = [await planOfStage(context, live), ...(canary === null ? [] : [await planOfStage(context, canary.flow)])];
  const isThere = (id: string, meaning: string): boolean =>
    before.every(({ nodes }) => nodes.some((node) => node.id === id && node.meaning === meaning));
  return plan.nodes.filter(({ id, meaning }) => isThere(id, meaning)).map(({ id }) => id);
}

async function decideBacktest(
  context: Context,
  started: BacktestStarted,
  { signal, onProgress = () => undefined, onStarted, isResumed }: BacktestOptions & { readonly isResumed: boolean },
): Promise<BacktestSummary> {
  const { sourceId, backtest, range, pins, recorded, artifacts, concurrency } = started;
  const state = await readSourceState(context, sourceId);
  const plan = await loadPlan(context, started.flowVersion);
  refuseActingUnpinned(plan, pins);
  const total = await countRange(context, sourceId, range);
  const lease = await holdLease(context, rerunResource('backtest', sourceId, backtest));
  try {
    onStarted?.(started);
    let done = 0;
    const tell = (): void => onProgress({ label: `backtest ${backtest} of ${sourceId}`, done, total });
    tell();
    await rerunRecords(context, {
      state,
      mode: 'backtest',
      replay: backtest,
      range,
      isResumed,
      choose: () => ({ stage: 'backtest', plan }),
      plans: [plan],
      pins,
      recorded,
      models: context.models({ artifacts }),
      calls: createCallLimiter(concurrency),
      concurrency,
      fenceOf: () => lease.fence,
      signal: signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal]),
      onDone: () => {
        done++;
        tell();
      },
    });
    const summary = await summarizeBacktest(context, started, null);
    const { records, agree, differ, errors } = summary;
    const data = { sourceId, backtest, records, agree, differ, failed: errors.backtest, at: context.now() };
    await endRerun(context, { kind: 'backtest', sourceId, event: { type: 'BacktestFinished', data } }, backtest);
    return { ...summary, status: 'finished', finishedAt: data.at };
  } finally {
    await lease.release();
  }
}

/** A backtest in a list. */
export type BacktestRow = {
  readonly backtest: number;
  readonly flow: string;
  readonly flowVersion: string;
  readonly status: 'finished' | 'unfinished';
  readonly records: number | null;
  readonly agree: number | null;
  readonly differ: number | null;
  readonly failed: number | null;
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
};

/** The backtests of a source, oldest first. */
export async function listBacktests(context: Context, sourceId: string): Promise<readonly BacktestRow[]> {
  await readSourceState(context, sourceId);
  return (await listBacktestFacts(context, sourceId)).map(({ n, started: { flow, flowVersion, at }, finished }) => ({
    backtest: n,
    flow,
    flowVersion,
    status: finished === null ? 'unfinished' : 'finished',
    records: finished?.records ?? null,
    agree: finished?.agree ?? null,
    differ: finished?.differ ?? null,
    failed: finished?.failed ?? null,
    startedAt: at,
    finishedAt: finished?.at ?? null,
  }));
}
