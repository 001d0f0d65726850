import { DefaultFailureConverter, type PayloadConverter, type ProtoFailure } from '@temporalio/common';
import { messageOf } from '../../schemas/core.ts';
import { isKeyTrouble } from './codec-trouble.ts';

const PLAIN = new DefaultFailureConverter();

/**
 * Puts message and stack of a failure where the codec encrypts them: else an error that quotes what it was given would stand in
 * Temporal's history. Named by its path (codec-converter.ts); whoever decodes needs nothing special.
 */
class EncodingFailureConverter extends DefaultFailureConverter {
  /** That keys do not fit must be readable for those who have the other ones. */
  override errorToFailure(error: unknown, payloadConverter: PayloadConverter): ProtoFailure {
    if (!isKeyTrouble(messageOf(error))) return super.errorToFailure(error, payloadConverter);
    return { ...PLAIN.errorToFailure(error, payloadConverter), stackTrace: '' };
  }
}

export const failureConverter: DefaultFailureConverter = new EncodingFailureConverter({ encodeCommonAttributes: true });
