import { createStoreGate, type StoreGate } from '../activities/index.ts';
import { createLimiter, type Limiter } from '../models/index.ts';

/** Answers that may wait to be stored before new calls are held back: enough for the time of a commit, and half the calls in flight at most. */
const unstoredLimit = (concurrency: number): number => Math.max(2, Math.ceil(concurrency / 2));

/** A limit of calls in flight that also waits for a storage which lags. */
export function gatedLimiter(concurrency: number): { readonly limiter: Limiter; readonly gate: StoreGate } {
  const gate = createStoreGate(unstoredLimit(concurrency));
  const inner = createLimiter(concurrency);
  const limiter: Limiter = {
    run: (task, signal) =>
      inner.run(async () => {
        await gate.open();
        return task();
      }, signal),
    inFlight: () => inner.inFlight(),
  };
  return { limiter, gate };
}
