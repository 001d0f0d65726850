import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, PART_COUNT, type TaskReport } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { LeaseHeld } from '../../leases.ts';
import { livingTasks } from './task-board.ts';

export type SharedParts = {
  readonly sourceId: string;
  readonly signal: AbortSignal;
  /** Works on a part until its signal; rejects with LeaseHeld while another process has it. */
  readonly work: (part: number, signal: AbortSignal) => Promise<void>;
  readonly report: (report: TaskReport) => void;
};

/** The task by which processes that share the parts of a source know each other. */
const DECIDING = 'decide';
export const partTask = (part: number): string => `${DECIDING}/${part}`;

const LOOK_MS = 1_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const HELD_PAUSE_MS = 2_500;

/**
 * Works on as many parts as fall to this process when all living ones take the same number; takes over those of a process that ended, and
 * gives up what is too much when another one comes. Resolves when the signal aborts and all work has ended.
 */
export async function shareParts(context: Context, shared: SharedParts): Promise<void> {
  const { signal, report } = shared;
  const mine = new Map<number, { readonly stop: AbortController; readonly done: Promise<void> }>();
  const pauses = new Map<number, { readonly until: number; readonly ms: number }>();
  const begin = (part: number): void => {
    const stop = new AbortController();
    const done = shared.work(part, AbortSignal.any([stop.signal, signal])).then(
      () => pauses.delete(part),
      (error: unknown) => {
        if (stop.signal.aborted || signal.aborted) return;
        if (error instanceof LeaseHeld) {
          // The others are tried meanwhile: else a process would ask for the first parts for ever, and nobody had the last ones.
          pauses.set(part, { until: performance.now() + HELD_PAUSE_MS, ms: FIRST_PAUSE_MS / 2 });
          return report({ task: partTask(part), state: 'unassigned', trace: null });
        }
        const ms = Math.min(LONGEST_PAUSE_MS, (pauses.get(part)?.ms ?? FIRST_PAUSE_MS / 2) * 2);
        pauses.set(part, { until: performance.now() + ms, ms });
        report({ task: partTask(part), state: 'failed', trace: `${messageOf(error)}; tried again in ${ms} ms` });
      },
    );
    mine.set(part, { stop, done: done.then(() => void mine.delete(part)) });
  };
  report({ task: DECIDING, state: 'running', trace: null });
  while (!signal.aborted) {
    const quota = await quotaOf(context, shared.sourceId).catch(() => PART_COUNT);
    for (const [part, { stop }] of Array.from(mine).slice(quota)) {
      stop.abort(new Error('another process takes its share'));
      report({ task: partTask(part), state: 'unassigned', trace: null });
    }
    for (let part = 0; part < PART_COUNT && mine.size < quota; part++) {
      if (!mine.has(part) && (pauses.get(part)?.until ?? 0) <= performance.now()) begin(part);
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(Array.from(mine.values(), ({ done }) => done));
}

async function quotaOf(context: Context, sourceId: string): Promise<number> {
  const others = (await livingTasks(context, sourceId)).filter(({ task, by }) => task === DECIDING && by.owner !== context.owner.owner);
  return Math.ceil(PART_COUNT / (others.length + 1));
}
