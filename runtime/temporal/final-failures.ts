import { ApplicationFailure } from '@temporalio/activity';
import { exitCodeOf, isRiskflowError } from '../../schemas/index.ts';

/** The work of an activity. Trying again mends neither what the user must change nor a broken contract; everything else may pass. */
export async function guarded<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!isRiskflowError(error) || (exitCodeOf(error) !== 2 && error.code !== 'internal')) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: true, cause: error });
  }
}
