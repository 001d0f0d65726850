import { setTimeout as delay } from 'node:timers/promises';
import { silenceError } from './errors.ts';

/**
 * Waits for an answer as long as the server is at work on it, at which it looks twice within the time limit. When it was not at work both
 * times, so that the answer cannot just be on its way, none will come.
 * @throws what `answer` rejects with, or as a silence: the caller then gives the connection up
 */
export async function whileAtWork<T>(
  answer: Promise<T>,
  { limitMs, isAtWork }: { readonly limitMs: number; readonly isAtWork: () => Promise<boolean> },
): Promise<T> {
  const answered = new AbortController();
  const watch = async (): Promise<never> => {
    for (let idle = 0; idle < 2; idle = (await isAtWork()) ? 0 : idle + 1) await delay(limitMs / 2, undefined, { signal: answered.signal });
    throw silenceError(limitMs);
  };
  try {
    return await Promise.race([answer, watch()]);
  } finally {
    answered.abort();
  }
}
