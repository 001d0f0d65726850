import { ApplicationFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { messageOf } from '../../schemas/index.ts';

/** Retries of what a dead worker had in flight are scattered over as much time. */
const SCATTER_MS = 4_000;
const AT_ONCE_MS = 1;
const DIED = 'its worker gave no sign of life; it is tried again at a moment of its own';

/**
 * Makes every second attempt of an activity do nothing but put off the next one; so twice the attempts less one are needed.
 *
 * What was in flight on a worker that died is found dead at the same moment, and would be tried again together: with what killed the worker, which
 * would kill the next one too, until the attempts of all of them are used up. Put off by the server for a random time, each is alone with
 * its worker for as long as it takes. (Waiting on the worker would not do: it dies with those that wait.) An attempt that failed on a
 * worker which lives is followed by the next without delay, but for the pause of the retry policy.
 */
export function scattered<Args extends readonly unknown[], T>(perform: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  return async (...args) => {
    const activity = Context.current();
    const { attempt } = activity.info;
    const told: unknown = activity.info.heartbeatDetails;
    if (attempt % 2 === 0) throw putOff(toldBy(attempt - 1, told));
    try {
      return await perform(...args);
    } catch (error) {
      // Kept by the server with the failure, and given to the next attempt.
      activity.heartbeat({ attempt, failure: messageOf(error) } satisfies Told);
      throw error;
    }
  };
}

/** What an attempt tells of itself as it fails. One that dies tells nothing, and the server keeps what one before it told. */
type Told = { readonly attempt: number; readonly failure: string };

function toldBy(attempt: number, details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('attempt' in details) || !('failure' in details)) return undefined;
  return details.attempt === attempt && typeof details.failure === 'string' ? details.failure : undefined;
}

/** `failure`: of the attempt before; undefined when it died. */
const putOff = (failure: string | undefined): ApplicationFailure =>
  ApplicationFailure.create({
    // What people see of a retry is the failure before it.
    message: failure ?? DIED,
    type: 'Scattered',
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: failure === undefined ? Math.ceil(Math.random() * SCATTER_MS) : AT_ONCE_MS,
  });
