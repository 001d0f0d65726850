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
    const { attempt, heartbeatDetails } = activity.info;
    if (attempt % 2 === 0) throw putOff(heartbeatDetails);
    try {
      return await perform(...args);
    } catch (error) {
      // Kept by the server with the failure, and given to the next attempt.
      activity.heartbeat(messageOf(error));
      throw error;
    }
  };
}

/** `failure`: what the attempt before said as it failed. One that died said nothing. */
function putOff(failure: unknown): ApplicationFailure {
  const hasFailed = typeof failure === 'string';
  return ApplicationFailure.create({
    // What people see of a retry is the failure before it.
    message: hasFailed ? failure : DIED,
    type: 'Scattered',
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: hasFailed ? AT_ONCE_MS : Math.ceil(Math.random() * SCATTER_MS),
  });
}
