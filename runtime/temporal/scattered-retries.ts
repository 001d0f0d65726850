import { ApplicationFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';

/** Retries are scattered over as much time. */
const SCATTER_MS = 4_000;

/**
 * Makes every second attempt of an activity do nothing but put off the next one for a random time; so twice the attempts less one are needed.
 *
 * What was in flight on a worker that died is found dead at the same moment, and would be tried again together: with what killed the worker, which
 * would kill the next one too, until the attempts of all of them are used up. Put off by the server, each is alone with its worker for
 * as long as it takes. (Waiting on the worker would not do: it dies with those that wait.)
 */
export function scattered<Args extends readonly unknown[], T>(perform: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  return async (...args) => {
    if (Context.current().info.attempt % 2 === 1) return perform(...args);
    throw ApplicationFailure.create({
      message: 'it is tried again at a moment of its own',
      type: 'Scattered',
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: Math.ceil(Math.random() * SCATTER_MS),
    });
  };
}
