import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts message and stack of a failure where the codec encrypts them: else an error that quotes what it was given would stand in
 * Temporal's history. Named by its path (codec-converter.ts); whoever decodes needs nothing special.
 */
export const failureConverter: DefaultFailureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
