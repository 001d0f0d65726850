import type { ScheduleRow } from '../../schemas/index.ts';
import { beginsAt } from './occurrence-id.ts';
import { timesOf } from './timing.ts';

/** What to do about occurrences whose time has come. */
export type DueStep =
  | { readonly kind: 'missed'; readonly first: number; readonly last: number; readonly count: number }
  | { readonly kind: 'start' | 'buffer' | 'skip'; readonly scheduledFor: number };

/** Occurrences of the schedule that are not over. */
export type Busy = { readonly running: number; readonly buffered: number };

export type Due = {
  readonly steps: readonly DueStep[];
  /** When to look again: the time of the next occurrence; null when none comes. */
  readonly next: number | null;
};

/** Taken at a time, so that a scheduler that was away for long stays answerable; the next look takes the next ones. */
const MOST_STEPS = 1_000;

/**
 * Decides about every occurrence between what was dealt with before and now. Beyond the catch-up window it is missed; the others follow
 * the overlap policy in the order of their times. Pure: the same row and moment give the same steps.
 */
export function dueSteps(row: ScheduleRow, now: number, busy: Busy): Due {
  const { schedule, settings } = row;
  const next = timesOf(settings);
  const tooLate = now - settings.catchupMs - settings.jitterMs;
  const steps: DueStep[] = [];
  let missed: { first: number; last: number; count: number } | undefined;
  let { running, buffered } = busy;
  let time = next(row.considered);
  for (let taken = 0; time !== null && taken < MOST_STEPS; taken += 1, time = next(time)) {
    if (time < tooLate) {
      missed = missed === undefined ? { first: time, last: time, count: 1 } : { ...missed, last: time, count: missed.count + 1 };
      continue;
    }
    if (beginsAt(schedule, time, settings.jitterMs) > now) break;
    const kind = stepOf(settings.overlap, { running, buffered });
    if (kind === 'start') running += 1;
    if (kind === 'buffer') buffered += 1;
    steps.push({ kind, scheduledFor: time });
  }
  return {
    steps: missed === undefined ? steps : [{ kind: 'missed', ...missed }, ...steps],
    next: time === null ? null : beginsAt(schedule, time, settings.jitterMs),
  };
}

/** What the overlap policy says about one more occurrence. */
export function stepOf(overlap: ScheduleRow['settings']['overlap'], { running, buffered }: Busy): 'start' | 'buffer' | 'skip' {
  if (overlap === 'allow' || running + buffered === 0) return 'start';
  return overlap === 'buffer-one' && buffered === 0 ? 'buffer' : 'skip';
}
