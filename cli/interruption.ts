import { RiskflowError } from '../schemas/core.ts';

export type Interruption = {
  readonly signal: AbortSignal;
  /** Back to what the process did before. */
  readonly stopListening: () => void;
};

/** Ctrl-C twice ends the process at once, as it would without this: 128 + the number of SIGINT. */
export const KILLED = 130;

/**
 * Turns the first SIGINT or SIGTERM into an abort, whose reason is the error the command ends with; the second one ends the process.
 * @param explain the sentence and hint, asked for when it happens
 */
export function listenForInterruption(explain: () => { readonly sentence: string; readonly hint: string }): Interruption {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(KILLED); // oxlint-disable-line unicorn/no-process-exit -- the user insists
    const { sentence, hint } = explain();
    controller.abort(new RiskflowError('failed', sentence, { hint }));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    stopListening: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
