/**
 * Bounds the answers that have arrived and are not stored yet: these are what a crash would make us pay for again, beside the calls in
 * flight. A call's slot is free as soon as its answer arrives, so a storage that lags must hold back new calls.
 */
export type StoreGate = {
  /** Resolves once fewer than the limit are not stored. */
  open(): Promise<void>;
  answered(): void;
  stored(): void;
};

/** @param limit answers not stored yet, at least 1. */
export function createStoreGate(limit: number): StoreGate {
  let open = 0;
  const waiting: (() => void)[] = [];
  return {
    open: async () => {
      while (open >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    answered: () => {
      open++;
    },
    stored: () => {
      open--;
      waiting.shift()?.();
    },
  };
}
