import { createCallLimiter, storedExecutor } from '../../../activities/index.ts';
import type { Plan } from '../../../flow/index.ts';
import type { ModelRouter } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import type { HeldLease } from '../../leases.ts';
import { decideRecord, supersedeRecord, type RecordTask, type RecordWork } from '../decisions/decide-record.ts';
import { duplicateRule, type DuplicateRule, type PendingRecord } from '../duplicate-keys.ts';
import { loadPlan } from '../flows.ts';
import { inWindow } from '../in-window.ts';
import type { SourceSettings } from './source-settings.ts';

export type DispatchOptions = {
  readonly source: SourceSettings;
  /** Decides the records whose runs no earlier start has begun. */
  readonly plan: Plan;
  readonly models: ModelRouter;
  readonly lease: HeldLease;
  /** Records that were pending when this start began: an earlier one may have begun their runs. They come first. */
  readonly earlier: number;
  /** Outside calls at a time, which `models` is limited to. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
};

/** What became of the records. */
export type Dispatched = { readonly decided: number; readonly failed: number; readonly superseded: number };

/** Runs in flight for each call in flight: a run that stores its decision must not keep a slot of the limit empty. */
const RUNS_PER_CALL = 2;
/** Runs at a time where none calls anything: they share the wait for the disk. */
const INLINE_RUNS = 64;
const PAGE = 250;

/** Decides every pending record of a source, in the order of arrival but several at a time. */
export async function dispatchPending(context: Context, options: DispatchOptions): Promise<Dispatched> {
  const { onProgress, signal, concurrency, plan } = options;
  const { sourceId } = options.source;
  const total = (await context.storage.inbox.counts(context.workspaceId, sourceId)).pending;
  const rule = await duplicateRule(context, options.source, () => pendingRecords(context, sourceId));
  const work = prepareWork(context, options, rule);
  const counts = { decided: 0, failed: 0, superseded: 0 };
  const label = `decide ${sourceId}`;
  let done = 0;
  onProgress({ label, done, total });
  const size = performsEffects(plan) ? concurrency * RUNS_PER_CALL : INLINE_RUNS;
  await inWindow(tasksOf(pendingRecords(context, sourceId), rule, options.earlier), { size, signal }, async (task, either) => {
    const fate = task.wanted ? await decideRecord(work, task, either) : await supersedeRecord(work, task);
    counts[fate]++;
    done++;
    onProgress({ label, done, total });
  });
  return counts;
}

async function* pendingRecords(context: Context, sourceId: string): AsyncGenerator<PendingRecord, void> {
  let after = 0;
  for (;;) {
    const page = await context.storage.inbox.pending(context.workspaceId, sourceId, { after, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.arrival;
  }
}

async function* tasksOf(
  records: AsyncIterable<PendingRecord>,
  rule: DuplicateRule,
  earlier: number,
): AsyncGenerator<RecordTask & { readonly wanted: boolean }, void> {
  let index = 0;
  for await (const record of records) {
    const name = { recordId: record.recordId, mode: 'live', replay: 0 } as const;
    yield { record, name, wanted: await rule.wants(record), mayBeBegun: index < earlier };
    index++;
  }
}

function prepareWork(context: Context, { source, plan, models, lease, concurrency }: DispatchOptions, rule: DuplicateRule): RecordWork {
  const resumed = new Set<string>();
  const plans = new Map([[`${plan.planVersion} ${plan.flowVersion}`, Promise.resolve(plan)]]);
  const perform = storedExecutor({
    workspaceId: context.workspaceId,
    effects: context.storage.effects,
    perform: context.effects(models),
    calls: createCallLimiter(concurrency),
    mayBeStored: ({ runId }) => resumed.has(runId),
    reuseKey: () => Promise.resolve(null),
  });
  const planOf: RecordWork['planOf'] = ({ flowVersion, planVersion }) => {
    const name = `${planVersion} ${flowVersion}`;
    const known = plans.get(name) ?? loadPlan(context, flowVersion, planVersion);
    plans.set(name, known);
    return known;
  };
  // The latest version may be another one at the next start: a run whose effects have results must be found under its own.
  return { context, source, plan, planOf, perform, resumed, rule, fence: lease.fence, durableStart: performsEffects(plan) };
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
const performsEffects = (plan: Plan): boolean => plan.hasSecrets || plan.nodes.some((node) => !INLINE.has(node.behaviour.kind));
