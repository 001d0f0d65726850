import { setTimeout as delay } from 'node:timers/promises';

/** Waits; rejects when aborted. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal });
