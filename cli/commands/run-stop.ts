import type { Command } from 'commander';
import { withApp, type Session } from '../session.ts';
import { refuseOtherParts } from './run-resume.ts';

const SENTENCES = {
  stopped: 'is stopped',
  requested: 'is to stop, which is noted: whoever drives it, now or later, stops it before its next step',
  'already-over': 'was over already, so nothing was done',
} as const;

/** Stops a run, whichever process or worker drives it. */
export async function stopRun(session: Session, command: Command, runId: string): Promise<number> {
  refuseOtherParts(command, '--stop ends a run that was begun');
  return withApp(session, async ({ runtime, context }) => {
    const status = await runtime.stopRun(context, runId, 'asked for with run --stop', { onWarning: session.warn });
    if (session.json) session.printJson({ runId, status });
    else session.print(`run ${runId} ${SENTENCES[status]}`);
    return 0;
  });
}
