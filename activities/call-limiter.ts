import type { CallSlot } from '../schemas/index.ts';

/** Lets at most so many calls be in flight at the same time; the others wait in the order they came. */
export type CallLimiter = {
  /** A place for one effect, not taken yet. */
  slot(): CallSlot;
  /** Slots taken now. */
  inFlight(): number;
  /** Another limit from now on. Slots taken beyond it are kept until they are given back. @throws RangeError as for the first one */
  resize(limit: number): void;
};

/** @throws RangeError when the limit is not a positive integer. */
export function createCallLimiter(first: number): CallLimiter {
  let limit = checked(first);
  const waiting: PromiseWithResolvers<undefined>[] = [];
  let taken = 0;

  const enter = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (taken < limit) {
      taken += 1;
      return;
    }
    const turn = Promise.withResolvers<undefined>();
    waiting.push(turn);
    const onAbort = (): void => {
      const at = waiting.indexOf(turn);
      if (at < 0) return;
      waiting.splice(at, 1);
      turn.reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    await turn.promise.finally(() => signal.removeEventListener('abort', onAbort));
  };
  // The place is handed on, not given up and taken again: nobody can slip in between.
  const leave = (): void => {
    const next = taken > limit ? undefined : waiting.shift();
    if (next === undefined) taken -= 1;
    else next.resolve(undefined);
  };

  return {
    slot: () => {
      let held = false;
      return {
        take: async (signal) => {
          if (held) return;
          await enter(signal);
          held = true;
        },
        giveBack: () => {
          if (!held) return;
          held = false;
          leave();
        },
      };
    },
    inFlight: () => taken,
    resize: (wanted) => {
      limit = checked(wanted);
      for (; taken < limit && waiting.length > 0; taken++) waiting.shift()?.resolve(undefined);
    },
  };
}

function checked(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`a limit of ${limit} calls would let none through`);
  return limit;
}
