import type { RunMode } from '../schemas/core.ts';

/** Temporal's priority key of a run and of all it asks for: 1 goes first, 5 last; 3 is the server's default. */
export function priorityOf(mode: RunMode): number {
  return PRIORITIES[mode];
}

const PRIORITIES: Readonly<Record<RunMode, number>> = { live: 1, manual: 3, scheduled: 4, shadow: 4, backtest: 5, evaluation: 5, batch: 5 };
