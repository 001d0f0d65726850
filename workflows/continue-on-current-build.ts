import { makeContinueAsNewFunc, type Workflow } from '@temporalio/workflow';

/**
 * Goes on as a new execution, on the build that new runs go to. Without this the new execution would stay on the build of this one, and an old
 * build would never be left. Where builds are not told apart it changes nothing.
 */
export const continueOnCurrentBuild = <F extends Workflow>(...args: Parameters<F>): Promise<never> =>
  makeContinueAsNewFunc<F>({ initialVersioningBehavior: 'AUTO_UPGRADE' })(...args);
