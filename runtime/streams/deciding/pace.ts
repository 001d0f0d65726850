import { setTimeout as delay } from 'node:timers/promises';

/** Lets through so many a second, evenly, with no more than a tenth of a second's worth at once; without a rate, all. */
export function createPace(perSecond: () => number | undefined): { readonly turn: (signal: AbortSignal) => Promise<void> } {
  let next = -Infinity;
  return {
    turn: async (signal) => {
      const rate = perSecond();
      if (rate === undefined) return;
      const now = performance.now();
      const spacing = 1000 / rate;
      const burst = Math.max(spacing, 100);
      next = Math.max(next + spacing, now - burst + spacing);
      if (next > now) await delay(next - now, undefined, { signal });
    },
  };
}
