import { RiskflowError } from '../schemas/index.ts';

/** It is not known that a sink's messages have arrived: they are to be sent again. `retryAfterMs`: how long the receiver asked to be left alone. */
export class DeliveryFailed extends RiskflowError {
  readonly retryAfterMs: number;
  constructor(message: string, options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super('failed', message, options.cause === undefined ? {} : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
