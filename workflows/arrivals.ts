import type { EffectToPerform, PerformedEffect } from './run-activities.ts';

/** What comes in from outside, one at a time in the order of arrival, which Temporal's history records. */
export type Arrival =
  | { readonly kind: 'performed'; readonly asked: EffectToPerform; readonly performed: PerformedEffect }
  | { readonly kind: 'stop'; readonly reason: string }
  /** Somebody may have answered what people are asked. */
  | { readonly kind: 'look'; /** Word came; else it is time to look. */ readonly isWord: boolean }
  /** The run cannot go on, for a reason that is no node's. */
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'error'; readonly error: unknown };

/**
 * What came in and was not consumed yet, in order. Whoever consumes is called, not woken by a promise: in workflow code each promise
 * takes a stack trace, which is a good part of what a step costs.
 */
export class Arrivals {
  readonly #queue: Arrival[] = [];
  #onArrival: (() => void) | undefined;

  push(arrival: Arrival): void {
    this.#queue.push(arrival);
    this.#onArrival?.();
  }

  shift(): Arrival | undefined {
    return this.#queue.shift();
  }

  isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Called from now on whenever something was pushed. */
  listen(onArrival: () => void): void {
    this.#onArrival = onArrival;
  }
}
