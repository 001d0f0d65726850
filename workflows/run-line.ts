import { defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import { Arrivals } from './arrivals.ts';
import type { RunFlowArgs, RunView } from './run-activities.ts';
import { STARTING } from './run-view.ts';

const answeredSignal = defineSignal('answered');
const stopSignal = defineSignal<[reason: string]>('stop');
const stateQuery = defineQuery<RunView>('state');

/** What can be asked and told from outside while a run goes on. */
export type RunLine = {
  readonly arrivals: Arrivals;
  readonly stop: (reason: string) => void;
  /** What an execution that continues this one is told of a stop that was asked for here. */
  readonly stopAsked: () => Pick<RunFlowArgs, 'stop'>;
  readonly show: (view: () => RunView) => void;
};

/** Takes signals and answers queries from now on. */
export function openLine(): RunLine {
  const arrivals = new Arrivals();
  let asked: string | undefined;
  const stop = (reason: string): void => {
    asked ??= reason;
    arrivals.push({ kind: 'stop', reason });
  };
  let current = (): RunView => STARTING;
  setHandler(answeredSignal, () => arrivals.push({ kind: 'look', isWord: true }));
  setHandler(stopSignal, stop);
  setHandler(stateQuery, () => current());
  return {
    arrivals,
    stop,
    stopAsked: () => (asked === undefined ? {} : { stop: asked }),
    show: (view) => (current = view),
  };
}
