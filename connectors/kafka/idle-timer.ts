import { createRequire } from 'node:module';

type Queue = { readonly pending: readonly unknown[]; scheduleCheckPendingRequests: (this: Queue) => void };

const CONTAINED = Symbol.for('riskflow.kafkajs.idle-timer');

/**
 * Stops the timer that kafkajs 2.2.4 keeps setting on every idle connection: `RequestQueue` asks for a look at its waiting requests at
 * `throttledUntil - now`, which is far below zero, so that Node warns (TimeoutNegativeWarning) and wakes up each millisecond
 * (https://github.com/tulios/kafkajs/issues/1751). With nothing waiting there is nothing to look at: each request that waits asks again.
 *
 * Changes the class for the whole process, once. @returns false when this kafkajs is made otherwise, and was left alone
 */
export function containIdleTimer(): boolean {
  const prototype = queuePrototype();
  if (prototype === undefined) return false;
  if (CONTAINED in prototype) return true;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: Queue) {
    if (this.pending.length > 0) schedule.call(this);
  };
  Object.defineProperty(prototype, CONTAINED, { value: true });
  return true;
}

function queuePrototype(): Queue | undefined {
  try {
    const found: unknown = createRequire(import.meta.url)('kafkajs/src/network/requestQueue');
    const prototype: unknown = typeof found === 'function' ? found.prototype : undefined;
    return isQueue(prototype) ? prototype : undefined;
  } catch {
    return undefined;
  }
}

const isQueue = (prototype: unknown): prototype is Queue =>
  typeof prototype === 'object' &&
  prototype !== null &&
  'scheduleCheckPendingRequests' in prototype &&
  typeof prototype.scheduleCheckPendingRequests === 'function';
