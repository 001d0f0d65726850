import { PART_COUNT } from '../../schemas/index.ts';
import type { Context, OnProgress } from '../context.ts';
import { decidePart, type Deciding, type DoneRecord } from './decide-part.ts';
import { decidingTools } from './deciding-tools.ts';
import type { ConnectorInputs } from './open-connector.ts';
import { readSource } from './read-source.ts';
import { checkModels } from './source-plans.ts';
import { watchSource, type SourceWatch } from './source-watch.ts';
import type { IntakeCounts } from './take-in.ts';
import { openTrendCounter } from './count-trends.ts';

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
 * @throws RiskflowError `busy` while another process works on the source; the reason of the signal when aborted, after which another
 * start goes on
 */
export async function runSource(context: Context, sourceId: string, options: RunSourceOptions = {}): Promise<SourceRun> {
  const { onProgress = () => undefined } = options;
  const began = context.now();
  const watch = await watchSource(context, sourceId);
  const { plans, state } = watch.view();
  const tools = decidingTools(context, watch, { concurrency: options.concurrency });
  await checkModels(plans, tools.models);
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
    await readSource(context, { watch, inputs, signal, onProgress, onCount, onNotice, untilCaughtUp: true, unbounded: readsFirst });
    isRead = true;
  };
  // Which record is the last one with its key is known when all are there.
  const readsFirst = state.settings.onDuplicateKey === 'replace';
  if (readsFirst) await read();
  await allOrFirstFailure([read, ...Array.from({ length: PART_COUNT }, (_, part) => () => decidePart(context, part, deciding))], failed);
  options.signal?.throwIfAborted();
  tell();
  if (state.settings.trends !== undefined) await countTrends(context, watch, { signal, onNotice: (note) => notes.push(note) });
  const { flow, flowVersion } = plans.live;
  const { shadow: shadowed, ...counts } = fates;
  return { sourceId, flow, flowVersion, ...taken, ...counts, shadowed, held, notes, elapsedMs: context.now() - began };
}

/** Counts what came, and waits for the flows that look at alerts. */
async function countTrends(
  context: Context,
  watch: SourceWatch,
  { signal, onNotice }: { readonly signal: AbortSignal; readonly onNotice: (sentence: string) => void },
): Promise<void> {
  const counter = await openTrendCounter(context, watch);
  try {
    await counter.turn(signal, onNotice);
  } finally {
    await counter.close();
  }
}

/** Does all at once. The first failure aborts the others, and is thrown when all have ended. */
async function allOrFirstFailure(works: readonly (() => Promise<void>)[], failed: AbortController): Promise<void> {
  await Promise.all(works.map((work) => work().catch((error: unknown) => failed.abort(error))));
  failed.signal.throwIfAborted();
}
