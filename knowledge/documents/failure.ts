import type { DocumentText } from '../../schemas/core.ts';

export type FailureType = Extract<DocumentText, { ok: false }>['type'];

/**
 * Thrown by the readers of the formats and caught at the one place that calls them. The message completes the sentence
 * "the file X cannot be read: …".
 */
export class DocumentFailure extends Error {
  readonly type: FailureType;
  constructor(message: string, type: FailureType = 'TextExtractionError') {
    super(message);
    this.name = 'DocumentFailure';
    this.type = type;
  }
}

export const tooLarge = (message: string): DocumentFailure => new DocumentFailure(message, 'DocumentTooLargeError');
