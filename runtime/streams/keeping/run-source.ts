import { messageOf, PART_COUNT, RiskflowError, type TaskReport } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { decidePart } from '../deciding/decide-part.ts';
import type { Deciding, DoneRecord } from '../deciding/deciding.ts';
import { decidingTools } from '../deciding/deciding-tools.ts';
import type { ConnectorInputs } from '../intake/open-connector.ts';
import { readSource } from '../intake/read-source.ts';
import { checkModels } from '../source-plans.ts';
import type { SourceState } from '../source-state.ts';
import { watchSource, type SourceWatch } from '../source-watch.ts';
import type { IntakeCounts } from '../intake/take-in.ts';
import { openTrendCounter } from './count-trends.ts';
import { tidySource } from '../intake/tidy-source.ts';

/** A start is not held up for longer by what is kept no longer: the next one goes on. */
const TIDY_MS = 2_000;
/** How often it is looked whether the source is still to run. */
const WATCH_MS = 500;

export type RunSourceOptions = {
  readonly inputs?: ConnectorInputs;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Outside calls at a time; default: as its settings say. */
  readonly concurrency?: number;
};

/** What one start did. `records`, `deadLetters` and `skipped` are the new ones. */
export type SourceRun = IntakeCounts & {
  readonly sourceId: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly decided: number;
  readonly failed: number;
  readonly superseded: number;
  /** Decisions of a shadow beside the live ones. */
  readonly shadowed: number;
  /** Why nothing more is decided for now; null when all was. */
  readonly held: string | null;
  readonly notes: readonly string[];
  /** Milliseconds. */
  readonly elapsedMs: number;
};

/**
 * Reads what is new in a source, up to the end it has now, and decides everything that is pending, including what an earlier start left.
 * Starting again decides nothing twice.
 * @throws RiskflowError `busy` while another process works on the source; `conflict` when it is paused or stopped meanwhile; the reason of the signal when aborted, after which another
 * start goes on
 */
export async function runSource(context: Context, sourceId: string, options: RunSourceOptions = {}): Promise<SourceRun> {
  const { onProgress = () => undefined } = options;
  const began = context.now();
  const watch = await watchSource(context, sourceId);
  const { plans, state } = watch.view();
  const tools = decidingTools(context, watch, { concurrency: options.concurrency });
  await checkModels(plans, tools.models, state.settings);
  const notes: string[] = [];
  const fates = { decided: 0, failed: 0, superseded: 0, shadow: 0 };
  let taken: Readonly<IntakeCounts> = { records: 0, deadLetters: 0, skipped: 0 };
  let held: string | null = null;
  let isRead = false;
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const before = (await context.storage.inbox.counts(context.workspaceId, sourceId)).pending;
  const tell = (): void => {
    const done = fates.decided + fates.failed + fates.superseded;
    onProgress({ label: `decide ${sourceId}`, done, total: Math.max(done, before + taken.records) });
  };
  const deciding: Deciding = {
    ...tools,
    signal,
    follow: () => !isRead,
    onDone: (done: DoneRecord) => {
      fates[done.fate]++;
      tell();
    },
    onHold: (reason) => (held = reason),
  };
  const read = async (): Promise<void> => {
    const { inputs = {} } = options;
    const onCount = (counts: Readonly<IntakeCounts>): void => {
      taken = { ...counts };
    };
    const onNotice = (note: string): void => void notes.push(note);
    const onTask = tellerOf(sourceId, inputs.onLog);
    await readSource(context, { watch, inputs, signal, onProgress, onTask, onCount, onNotice, untilCaughtUp: true, unbounded: readsFirst });
    isRead = true;
  };
  // Which record is the last one with its key is known when all are there.
  const readsFirst = state.settings.onDuplicateKey === 'replace';
  const watching = setInterval(() => {
    watch.refresh().then(
      (view) => (view.state.wish === state.wish || view.state.wish === 'run' ? undefined : failed.abort(endedBy(view.state))),
      // A storage that is away shows in the work itself.
      () => undefined,
    );
  }, WATCH_MS);
  try {
    if (readsFirst) await read();
    await allOrFirstFailure([read, ...Array.from({ length: PART_COUNT }, (_, part) => () => decidePart(context, part, deciding))], failed);
  } finally {
    clearInterval(watching);
  }
  options.signal?.throwIfAborted();
  tell();
  if (state.settings.trends !== undefined) await countTrends(context, watch, { signal, onNotice: (note) => notes.push(note) });
  await tidySource(context, watch.view().state, { signal, limitMs: TIDY_MS }).catch((error: unknown) => {
    notes.push(`what is kept no longer was not deleted: ${messageOf(error)}`);
  });
  const { flow, flowVersion } = plans.live;
  const { shadow: shadowed, ...counts } = fates;
  return { sourceId, flow, flowVersion, ...taken, ...counts, shadowed, held, notes, elapsedMs: context.now() - began };
}

/** Why a start ends before all is read and decided. */
const endedBy = ({ sourceId, wish, wishReason }: SourceState): RiskflowError =>
  new RiskflowError(
    'conflict',
    `source "${sourceId}" was ${wish === 'pause' ? 'paused' : 'stopped'} (${wishReason}); what is done is stored`,
    {
      hint: `go on with: riskflow source start ${sourceId}`,
    },
  );

/** Tells what the reading waits for, once each. */
function tellerOf(sourceId: string, say: (sentence: string) => void = () => undefined): (report: TaskReport) => void {
  const said = new Map<string, string | null>();
  return ({ task, trace }) => {
    if (trace !== null && trace !== said.get(task)) say(`${sourceId} ${task}: ${trace}`);
    said.set(task, trace);
  };
}

/** Counts what came, and waits for the flows that look at alerts. */
async function countTrends(
  context: Context,
  watch: SourceWatch,
  { signal, onNotice }: { readonly signal: AbortSignal; readonly onNotice: (sentence: string) => void },
): Promise<void> {
  const counter = await openTrendCounter(context, watch);
  try {
    const trouble = await counter.turnToTheEnd(signal);
    if (trouble !== null) onNotice(trouble);
  } finally {
    await counter.close();
  }
}

/** Does all at once. The first failure aborts the others, and is thrown when all have ended. */
async function allOrFirstFailure(works: readonly (() => Promise<void>)[], failed: AbortController): Promise<void> {
  await Promise.all(works.map((work) => work().catch((error: unknown) => failed.abort(error))));
  failed.signal.throwIfAborted();
}
