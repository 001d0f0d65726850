import { NO_USAGE, type EffectFailure, type Usage, type Values } from '../schemas/index.ts';

/** The outcome of one kind's executor, before secrets are masked. */
export type Performed =
  | { readonly outputs: Values; readonly usage: Usage; readonly elapsedMs: number }
  | { readonly failure: EffectFailure; readonly usage: Usage; readonly elapsedMs: number };

export const failedWith = (type: string, message: string, retryable = false): Performed => ({
  failure: { type, message, retryable },
  usage: NO_USAGE,
  elapsedMs: 0,
});
