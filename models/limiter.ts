/** Lets at most so many tasks run at the same time; the others wait in the order they came. */
export type Limiter = {
  /** Runs a task when it is its turn. Rejects with the signal's reason when aborted while waiting. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Tasks running now. */
  inFlight(): number;
};

/** @throws RangeError when `limit` is not a positive integer. */
export function createLimiter(limit: number): Limiter {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`a limit of ${limit} calls would let none through`);
  const waiting: PromiseWithResolvers<undefined>[] = [];
  let running = 0;

  const enter = async (signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    if (running < limit) {
      running += 1;
      return;
    }
    const turn = Promise.withResolvers<undefined>();
    waiting.push(turn);
    const onAbort = (): void => {
      const at = waiting.indexOf(turn);
      if (at < 0) return;
      waiting.splice(at, 1);
      turn.reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    await turn.promise.finally(() => signal?.removeEventListener('abort', onAbort));
  };
  // The place is handed on, not given up and taken again: nobody can slip in between.
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next.resolve(undefined);
  };

  return {
    async run(task, signal) {
      await enter(signal);
      try {
        return await task();
      } finally {
        leave();
      }
    },
    inFlight: () => running,
  };
}
