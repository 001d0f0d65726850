const FIRST_MS = 500;
const LONGEST_MS = 300_000;

/**
 * Milliseconds before the next try after `failures` in a row: twice as long each time up to five minutes, somewhere in the upper half of that, so
 * that those who failed together do not come together. Never less than the receiver asked for.
 */
export function retryDelay(failures: number, { retryAfterMs, random }: { readonly retryAfterMs: number; readonly random: number }): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return Math.max(retryAfterMs, Math.round(full * (0.5 + random / 2)));
}
