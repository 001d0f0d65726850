import { setTimeout as sleep } from 'node:timers/promises';
import { isRiskflowError, messageOf, RiskflowError } from '../schemas/core.ts';
import { KILLED } from './interruption.ts';

const RETRY_MS = 100;
/** A stop that reaches whoever drives the run is over by then. */
const PATIENCE_MS = 2_000;

export type StopOnSignal = {
  /** Aborted by SIGTERM and SIGHUP once the run has begun; the reason is the error that the command ends with. */
  readonly signal: AbortSignal;
  readonly began: (runId: string) => void;
  /** Back to what the process did before. */
  readonly end: () => void;
};

export type StopWish = {
  readonly requestStop: (runId: string) => Promise<unknown>;
  /** Told why the command is still there after Ctrl-C. */
  readonly tell: (sentence: string) => void;
};

/**
 * What ends a run early. Ctrl-C (SIGINT) asks for its stop, which the run then records as its end; asked again while the run is not
 * stored yet. SIGTERM and SIGHUP end the process and not the run, as `kill -9` does. A second signal ends the process at once.
 */
export function stopOnSignal({ requestStop, tell }: StopWish): StopOnSignal {
  const controller = new AbortController();
  let runId: string | undefined;
  let received: NodeJS.Signals | undefined;
  let over = false;
  const ask = async (id: string): Promise<void> => {
    while (!over) {
      try {
        await requestStop(id);
        await sleep(PATIENCE_MS, undefined, { ref: false });
        if (!over) tell(`run ${id} is to stop, which is noted, and whoever drives it has not stopped yet: Ctrl-C again leaves it`);
        return;
      } catch (error) {
        if (!isRiskflowError(error) || error.code !== 'not_found') {
          tell(`the stop of run ${id} could not be noted (${messageOf(error)}): Ctrl-C again leaves it as it is`);
          return;
        }
        await sleep(RETRY_MS);
      }
    }
  };
  const act = (): void => {
    if (runId === undefined || received === undefined) return;
    if (received === 'SIGINT') void ask(runId);
    else controller.abort(new RiskflowError('failed', `the run was interrupted; it goes on with: riskflow run --resume ${runId}`));
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (received !== undefined) process.exit(KILLED); // oxlint-disable-line unicorn/no-process-exit -- the user insists
    received = signal;
    act();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    began: (id) => {
      runId = id;
      act();
    },
    end: () => {
      over = true;
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
