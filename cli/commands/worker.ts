import type { Command } from 'commander';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import { wholeNumber } from '../options/numbers.ts';
import { withApp, type Session } from '../session.ts';

type WorkerOptions = { readonly maxEffects?: number };

export function addWorkerCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'worker',
    summary: 'drive runs for Temporal until it is stopped',
    options: [
      option('--max-effects <N>', 'effects performed at the same time', {
        standard: 100,
        read: wholeNumber('--max-effects', { min: 1, max: 100_000 }),
      }),
    ],
    examples: ['riskflow worker', 'riskflow worker --max-effects 400'],
    notes: [
      'It needs Temporal, and a database that every worker and `run --on temporal` share, from the environment or the configuration file:',
      '  RISKFLOW_TEMPORAL_ADDRESS=127.0.0.1:7233',
      '  RISKFLOW_MYSQL_URL=mysql://user:password@127.0.0.1:3306/riskflow',
      'Any number of workers may run side by side, each on the storage that `run --on temporal` uses. Ctrl-C or SIGTERM stops one gracefully:',
      'it takes nothing new, and another worker performs what it had in flight.',
    ],
    action: work,
  });
}

async function work(session: Session, command: Command): Promise<number> {
  const { maxEffects } = command.opts<WorkerOptions>();
  return withApp(session, async ({ runtime, context }) => {
    const { signal, stopListening } = listenForInterruption(() => ({ sentence: 'the worker was stopped', hint: 'start it again' }));
    try {
      const { address, namespace, taskQueue, worker } = await runtime.startAppWorker(
        context,
        maxEffects === undefined ? {} : { maxEffects },
      );
      session.notice(`works for ${address}, namespace ${namespace}, task queue ${taskQueue}`);
      if (session.json) session.printJson({ status: 'ready', address, namespace, taskQueue });
      const stop = (): void => {
        session.notice('stops: it takes nothing new');
        worker.stop().catch(() => undefined);
      };
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      await worker.done;
      return 0;
    } finally {
      stopListening();
    }
  });
}
