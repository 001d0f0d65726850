import { CancellationScope } from '@temporalio/workflow';

/**
 * What a task begins is not cancelled with the workflow, of which the handlers of signals are a part: whoever cancels a workflow wishes its
 * batch to be stopped, and to stop it takes activities and signals of its own.
 */
export const outliving = (task: () => void): void => void CancellationScope.nonCancellable(async () => task());
