import { setTimeout as delay } from 'node:timers/promises';

/** How a piece of work ended: by itself, or because the session is over (what it does then is of no interest any more). */
export type Outcome<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'threw'; readonly error: unknown } | { readonly kind: 'over' };

/**
 * Waits for work of any length while a heartbeat goes on. Throws what the heartbeat throws, which tells that the group wants us to join anew.
 */
export async function whileBeating<T>(
  work: Promise<T>,
  { beat, everyMs, over }: { readonly beat: () => Promise<void>; readonly everyMs: number; readonly over: AbortSignal },
): Promise<Outcome<T>> {
  const ended = work.then(
    (value): Outcome<T> => ({ kind: 'done', value }),
    (error: unknown): Outcome<T> => ({ kind: 'threw', error }),
  );
  if (over.aborted) return { kind: 'over' };
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const watched = new Promise<Outcome<T>>((resolve, reject) => {
    stop = () => resolve({ kind: 'over' });
    over.addEventListener('abort', stop, { once: true });
    timer = setInterval(() => void beat().catch(reject), everyMs);
  });
  try {
    return await Promise.race([ended, watched]);
  } finally {
    clearInterval(timer);
    if (stop !== undefined) over.removeEventListener('abort', stop);
  }
}

/** Resolves after a time, or at once when the signal aborts. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal }).catch(() => undefined);

/** Waiting times that double, from 0.5 s to 15 s. */
export const backOff = (failures: number): number => Math.min(500 * 2 ** Math.max(0, failures - 1), 15_000);
