import { setTimeout as sleep } from 'node:timers/promises';
import { isRiskflowError } from '../schemas/core.ts';
import { listenForInterruption } from './interruption.ts';

const RETRY_MS = 100;

/**
 * Stops a run when the user interrupts the command: asks for the stop, which the run then records as its end. Asked again while the
 * run is not stored yet.
 */
export function stopOnSignal(requestStop: (runId: string) => Promise<unknown>): { began(runId: string): void; end(): void } {
  const { signal, stopListening } = listenForInterruption(() => ({ sentence: 'the run was interrupted', hint: 'start it again' }));
  let runId: string | undefined;
  let over = false;
  const ask = async (id: string): Promise<void> => {
    while (!over) {
      try {
        await requestStop(id);
        return;
      } catch (error) {
        if (!isRiskflowError(error) || error.code !== 'not_found') throw error;
        await sleep(RETRY_MS);
      }
    }
  };
  const stop = (): void => {
    if (runId !== undefined) void ask(runId);
  };
  signal.addEventListener('abort', stop, { once: true });
  return {
    began: (id) => {
      runId = id;
      if (signal.aborted) stop();
    },
    end: () => {
      over = true;
      stopListening();
    },
  };
}
