import type { BatchShape } from './batch-activities.ts';
import type { DispatchRange } from './dispatch-runs-window.ts';

/** How the runs of a batch are spread: decided once, when its workflow begins. */
export type Spread = {
  readonly shards: readonly DispatchRange[];
  /** Calls in flight of each activity. */
  readonly calls: number;
};

export type SpreadWishes = {
  /** Runs of one activity; default 40. */
  readonly runsPerActivity?: number;
  /** Activities at once over all shards; default: so many that three runs for each call are under way, and two at least, so that workers can share. */
  readonly window?: number;
  /** Default: one for each 5,000 runs, and eight at most. */
  readonly shards?: number;
};

const RUNS_PER_ACTIVITY = 40;
/** A run that stores its result must not keep a slot of the limit empty. */
const RUNS_PER_CALL = 3;
const SPARE_RUNS = 32;
const MOST_ACTIVITIES = 64;
const RUNS_PER_SHARD = 5_000;
const MOST_SHARDS = 8;

/**
 * Cuts the places of a batch into contiguous shards of nearly equal size, and divides the limit of calls in flight by the activities
 * that are under way at once. The limit is never exceeded; a remainder of it is left unused.
 */
export function spreadRuns({ places, runsPerPlace, concurrency }: BatchShape, wishes: SpreadWishes = {}): Spread {
  const { runsPerActivity = RUNS_PER_ACTIVITY } = wishes;
  const chunk = Math.max(1, Math.round(runsPerActivity / runsPerPlace));
  const chunks = Math.max(1, Math.ceil(places / chunk));
  const wanted = wishes.window ?? Math.max(2, Math.ceil((concurrency * RUNS_PER_CALL + SPARE_RUNS) / runsPerActivity));
  const window = Math.max(1, Math.min(wanted, concurrency, chunks, MOST_ACTIVITIES));
  // Two activities in each, so that no worker waits while a shard decides what comes next.
  const most = wishes.shards ?? Math.min(Math.ceil((places * runsPerPlace) / RUNS_PER_SHARD), MOST_SHARDS, Math.floor(window / 2));
  const shards = Math.max(1, Math.min(most, window, chunks));
  return {
    calls: Math.max(1, Math.floor(concurrency / window)),
    shards: Array.from({ length: shards }, (_, i) => ({
      // Whole chunks, so that only the last one of all is smaller.
      from: Math.min(Math.floor((i * chunks) / shards) * chunk, places),
      to: Math.min(Math.floor(((i + 1) * chunks) / shards) * chunk, places),
      chunk,
      window: Math.floor(((i + 1) * window) / shards) - Math.floor((i * window) / shards),
    })),
  };
}
