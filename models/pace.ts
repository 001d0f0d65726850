/** Spaces the starts of calls to one endpoint. */
export type Pace = {
  /** Resolves when the next call may start, in the order of asking. Rejects when aborted. */
  turn(signal: AbortSignal): Promise<void>;
};

/** Times in milliseconds of any clock that goes on evenly. */
export type PaceOptions = {
  readonly now: () => number;
  /** Waits so many milliseconds; rejects when aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

/**
 * Lets at most so many calls start in a second: each a fixed time after the one before, so that no window of a second holds more than
 * one above it. A pause is not made up for. A turn whose caller gave up while it waited is used up.
 *
 * @throws RangeError when `callsPerSecond` is not a positive number.
 */
export function createPace(callsPerSecond: number, { now, wait }: PaceOptions): Pace {
  if (!(callsPerSecond > 0)) throw new RangeError(`${callsPerSecond} calls a second would let none through`);
  const between = 1000 / callsPerSecond;
  let free = -Infinity;
  return {
    turn: async (signal) => {
      signal.throwIfAborted();
      const asked = now();
      const start = Math.max(asked, free);
      free = start + between;
      if (start > asked) await wait(start - asked, signal);
    },
  };
}
