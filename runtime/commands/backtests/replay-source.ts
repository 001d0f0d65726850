import { createCallLimiter } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import { PART_COUNT, partOfLane, RiskflowError, type ArrivedRecord } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { holdLease, type HeldLease } from '../../leases.ts';
import { chooseLive } from '../../streams/deciding/choose-stage.ts';
import { partResource } from '../../streams/deciding/decide-part.ts';
import { outcomeOf } from '../../streams/deciding/record-decision.ts';
import type { RecordTask } from '../../streams/deciding/record-work.ts';
import { checkModels, loadStagePlans } from '../../streams/source-plans.ts';
import { readSourceState, type SourceState } from '../../streams/source-state.ts';
import { resolveFlow } from '../evaluations/evaluation-request.ts';
import { loadPlan } from '../flows.ts';
import { countRange, fixRange, missingOf, type RangeRequest } from './record-range.ts';
import { beginRerun, endRerun, listReplayFacts, rerunNumbered, rerunResource, type ReplayStarted } from './rerun-facts.ts';
import { rerunRecords, type RerunOutcome } from './rerun-records.ts';

export type ReplayRequest = {
  readonly sourceId: string;
  /** FLOW, FLOW:VERSION or a flow file; default: the flows of the source's stages, as for new records. */
  readonly flow?: string;
  readonly range: RangeRequest;
  readonly reason: string;
};

export type ReplayOptions = {
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Told when it is written down, and can be resumed. */
  readonly onStarted?: (started: ReplayStarted) => void;
};

/** `left`: records that nothing was decided about before, which the source itself still decides. */
export type Replay = {
  readonly sourceId: string;
  readonly replay: number;
  readonly records: number;
  readonly decided: number;
  readonly failed: number;
  readonly left: number;
  /** What of the range is kept no longer, in a sentence; null when all of it is there. */
  readonly missing: string | null;
};

/**
 * Decides records of a source again for real: each gets another decision of mode live, which is told outside under the replay's number. The
 * source must be paused or stopped, and nobody may decide its records meanwhile, so that for each subject the decisions stay in their order.
 * @throws RiskflowError `conflict` while it runs or its kill switch is on; `busy` while somebody works on it; the reason of the signal, after
 * which `resumeReplay` goes on
 */
export async function replaySource(context: Context, request: ReplayRequest, options: ReplayOptions = {}): Promise<Replay> {
  const { sourceId, reason } = request;
  const state = await readSourceState(context, sourceId);
  refuseRunning(state);
  const range = await fixRange(context, sourceId, request.range);
  const found = request.flow === undefined ? undefined : await resolveFlow(context, request.flow);
  await checkAll(context, state, found?.plan);
  await found?.publish();
  const flow = found === undefined ? null : { flow: found.plan.flow, flowVersion: found.plan.flowVersion };
  const fixed = { sourceId, flow, range, reason, at: context.now() };
  const parts = await holdParts(context, sourceId);
  try {
    const replay = await beginRerun(context, {
      kind: 'replay',
      sourceId,
      known: (await listReplayFacts(context, sourceId)).length,
      event: (n) => ({ type: 'ReplayStarted', data: { ...fixed, replay: n } }),
    });
    return await decideReplay(context, { ...fixed, replay }, { ...options, parts, isResumed: false });
  } finally {
    await releaseAll(parts);
  }
}

/** Goes on with a replay that was interrupted: what was decided stays. */
export async function resumeReplay(
  context: Context,
  { sourceId, replay }: { readonly sourceId: string; readonly replay: number },
  options: ReplayOptions = {},
): Promise<Replay> {
  const state = await readSourceState(context, sourceId);
  const { started, finished } = rerunNumbered('replay', sourceId, await listReplayFacts(context, sourceId), replay);
  if (finished !== null) {
    const { decided, failed, left } = finished;
    return {
      sourceId,
      replay,
      records: decided + failed + left,
      decided,
      failed,
      left,
      missing: await missingOf(context, sourceId, started.range),
    };
  }
  refuseRunning(state);
  const parts = await holdParts(context, sourceId);
  try {
    return await decideReplay(context, started, { ...options, parts, isResumed: true });
  } finally {
    await releaseAll(parts);
  }
}

function refuseRunning({ sourceId, wish, killed }: SourceState): void {
  if (killed !== null)
    throw new RiskflowError('conflict', `source "${sourceId}" cannot be replayed: its kill switch is on (${killed})`, {
      hint: `turn it off first: riskflow source revive ${sourceId}`,
    });
  if (wish !== 'run') return;
  throw new RiskflowError('conflict', `source "${sourceId}" is not paused, so that its records cannot be replayed in their order`, {
    hint: `pause it, replay, and let it go on: riskflow source pause ${sourceId}; riskflow source resume ${sourceId}`,
  });
}

/** A missing key must show before the first record. */
async function checkAll(context: Context, state: SourceState, plan: Plan | undefined): Promise<void> {
  const plans = plan === undefined ? await loadStagePlans(context, state) : { live: plan, canary: null, shadow: null };
  await checkModels({ ...plans, shadow: null }, context.models(), state.settings);
}

/** Whoever has all parts of a source alone decides about its records. */
async function holdParts(context: Context, sourceId: string): Promise<readonly HeldLease[]> {
  const held: HeldLease[] = [];
  try {
    for (let part = 0; part < PART_COUNT; part++) held.push(await holdLease(context, partResource(sourceId, part)));
    return held;
  } catch (error) {
    await releaseAll(held);
    throw error;
  }
}

async function releaseAll(leases: readonly HeldLease[]): Promise<void> {
  for (const lease of leases) await lease.release();
}

type Deciding = ReplayOptions & { readonly parts: readonly HeldLease[]; readonly isResumed: boolean };

async function decideReplay(context: Context, started: ReplayStarted, options: Deciding): Promise<Replay> {
  const { sourceId, replay, range } = started;
  const { parts, isResumed, signal, onProgress = () => undefined } = options;
  const state = await readSourceState(context, sourceId);
  const { choose, plans } = await chooserOf(context, state, started);
  const own = await holdLease(context, rerunResource('replay', sourceId, replay));
  const counts = { decided: 0, failed: 0, left: 0 };
  try {
    options.onStarted?.(started);
    const total = await countRange(context, sourceId, range);
    const concurrency = options.concurrency ?? state.settings.decide.concurrency;
    const first = parts[0] ?? own;
    await rerunRecords(context, {
      state,
      mode: 'live',
      replay,
      range,
      isResumed,
      choose,
      plans,
      pins: {},
      recorded: false,
      models: context.models(),
      calls: createCallLimiter(concurrency),
      concurrency,
      fenceOf: ({ lane }) => (parts[partOfLane(lane)] ?? first).fence,
      signal: AbortSignal.any([own.signal, ...parts.map((part) => part.signal), ...(signal === undefined ? [] : [signal])]),
      onDone: (outcome) => {
        counts[fateOf(outcome)]++;
        onProgress({ label: `replay ${replay} of ${sourceId}`, done: counts.decided + counts.failed + counts.left, total });
      },
    });
    const event = { type: 'ReplayFinished', data: { sourceId, replay, ...counts, at: context.now() } } as const;
    await endRerun(context, { kind: 'replay', sourceId, event }, replay);
    const missing = await missingOf(context, sourceId, range);
    return { sourceId, replay, records: counts.decided + counts.failed + counts.left, ...counts, missing };
  } finally {
    await own.release();
  }
}

type Chooser = { readonly choose: (record: ArrivedRecord) => Pick<RecordTask, 'stage' | 'plan'>; readonly plans: readonly Plan[] };

async function chooserOf(context: Context, state: SourceState, { flow }: ReplayStarted): Promise<Chooser> {
  if (flow !== null) {
    const plan = await loadPlan(context, flow.flowVersion);
    return { choose: () => ({ stage: 'live', plan }), plans: [plan] };
  }
  const stages = await loadStagePlans(context, state);
  const plans = [stages.live, ...(stages.canary === null ? [] : [stages.canary.plan])];
  return { choose: (record) => chooseLive(stages, state.sourceId, record), plans };
}

const fateOf = (outcome: RerunOutcome): 'decided' | 'failed' | 'left' => (outcome.kind === 'left' ? 'left' : outcomeOf(outcome.decision));
