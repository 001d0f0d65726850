import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, type SourceSettings, type TaskReport } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { holdLease, LeaseHeld } from '../../leases.ts';
import { readSourceState, sourceStream } from '../source-state.ts';

/** Days for which records that are decided are kept where the settings say nothing. */
const KEEP_DAYS = 90;
const DAY_MS = 86_400_000;
/** What a process said of its tasks so long ago, it would have said again if it were there. */
const TASKS_MS = 3_600_000;
/** Between two slices others have their turn. */
const PAUSE_MS = 15;
const FIRST_MS = 20_000;
const EVERY_MS = 600_000;

export type Tidied = {
  /** Records that were deleted. */
  readonly records: number;
};

/**
 * Deletes records of a source whose time is over, slice by slice, until there are none, the signal aborts or `limitMs` are over; of a source with
 * trends only those that are counted. Forgets what processes that ended without a word said of their tasks.
 */
export async function tidySource(
  context: Context,
  { sourceId, settings }: { readonly sourceId: string; readonly settings: SourceSettings },
  { signal, limitMs = Infinity }: { readonly signal: AbortSignal; readonly limitMs?: number },
): Promise<Tidied> {
  const { storage, workspaceId } = context;
  await storage.tasks.forgetOlder(workspaceId, sourceId, context.now() - TASKS_MS);
  const { keepDays = KEEP_DAYS, trends } = settings;
  if (keepDays === 'forever') return { records: 0 };
  const receivedBefore = context.now() - keepDays * DAY_MS;
  const counted = trends === undefined ? Number.MAX_SAFE_INTEGER : ((await storage.trends.progress(workspaceId, sourceId))?.arrival ?? 0);
  const end = performance.now() + limitMs;
  let records = 0;
  while (!signal.aborted && performance.now() < end) {
    const deleted = await storage.inbox.trim(workspaceId, sourceId, { receivedBefore, upTo: counted });
    if (deleted === 0) break;
    records += deleted;
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  return { records };
}

export type KeepTidyOptions = {
  readonly signal: AbortSignal;
  readonly report: (report: TaskReport) => void;
  readonly onNotice: (sentence: string) => void;
};

/** Tidies a source again and again, whatever is wanted of it: one process at a time. */
export async function keepTidy(context: Context, sourceId: string, { signal, report, onNotice }: KeepTidyOptions): Promise<void> {
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);
  for (await pause(FIRST_MS); !signal.aborted; await pause(EVERY_MS)) {
    try {
      const lease = await holdLease(context, `${sourceStream(sourceId)}/tidy`);
      try {
        const state = await readSourceState(context, sourceId);
        const { records } = await tidySource(context, state, { signal: AbortSignal.any([signal, lease.signal]) });
        if (records > 0)
          onNotice(`${records} records that are decided were deleted: they came more than ${daysOf(state.settings)} days ago (keepDays)`);
        report({ task: 'tidy', state: 'running', trace: null });
      } finally {
        await lease.release();
      }
    } catch (error) {
      if (error instanceof LeaseHeld || signal.aborted) continue;
      report({ task: 'tidy', state: 'failed', trace: messageOf(error) });
    }
  }
}

const daysOf = ({ keepDays = KEEP_DAYS }: SourceSettings): string => String(keepDays);
