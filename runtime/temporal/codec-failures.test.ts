import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { failureConverter } from './codec-failures.ts';
import { isKeyTrouble, keyDiffers, keyMissing } from './codec-trouble.ts';

describe('a failure of a worker that has keys', () => {
  it.each([keyMissing('a1', []), keyMissing('a1', ['b1', 'b2']), keyDiffers('a1')])(
    'can be read by those who have other keys when it is about keys: %s',
    (message) => {
      expect(isKeyTrouble(message)).toBe(true);
      expect(failureConverter.errorToFailure(new Error(message), defaultPayloadConverter)).toMatchObject({ message, stackTrace: '' });
    },
  );

  it('is put where the codec encrypts it when it is about anything else, even when it quotes one about keys', () => {
    for (const message of ['text of a report', `text: ${keyMissing('a1', [])}`]) {
      const failure = failureConverter.errorToFailure(new Error(message), defaultPayloadConverter);
      expect(failure.message).toBe('Encoded failure');
      expect(failure.encodedAttributes).toBeDefined();
    }
  });
});
