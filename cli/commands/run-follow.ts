import { decodeValues, toJsonText, type Value } from '../../schemas/core.ts';
import type { EndedRun, FinishedRun, PausedRun, RunWatch } from '../../runtime/index.ts';
import { durationText } from '../output/duration.ts';
import { oneLine } from '../output/visible-text.ts';
import type { Session, Work } from '../session.ts';
import { stopOnSignal } from '../stop-on-signal.ts';

export type Following = {
  /** Print every event as Dify streams it, instead of the outcome. */
  readonly events: boolean;
  /** What is worth knowing is said here: a mistake is told alone. */
  readonly onBegun?: () => void;
  readonly drive: (watch: RunWatch) => Promise<EndedRun>;
};

/** Follows a run to its end; Ctrl-C stops it, and SIGTERM or SIGHUP leave it to be resumed. @returns the exit code */
export async function followRun(session: Session, { runtime, context }: Work, { events, onBegun, drive }: Following): Promise<number> {
  const stop = stopOnSignal({
    requestStop: (runId) => runtime.stopRun(context, runId, 'interrupted at the keyboard', { onWarning: session.warn, atOnce: true }),
    tell: session.notice,
  });
  let translate: ReturnType<typeof runtime.difyEvents> | undefined;
  const print: RunWatch['onEvent'] = (event, plan) => {
    translate ??= runtime.difyEvents(plan);
    for (const translated of translate.event(event)) session.terminal.out.write(`${toJsonText(translated)}\n`);
  };
  try {
    const finished = await drive({
      signal: stop.signal,
      onBegun: ({ runId }) => {
        stop.began(runId);
        onBegun?.();
      },
      ...(events ? { onEvent: print } : {}),
    });
    if (finished.status === 'paused') {
      if (!events) printPaused(session, finished);
      return 1;
    }
    if (!events) printRun(session, finished);
    return finished.status === 'succeeded' || finished.status === 'partial-succeeded' ? 0 : 1;
  } finally {
    stop.end();
  }
}

/** A run that waits for people, and how they answer. */
function printPaused(session: Session, run: PausedRun): void {
  const { runId, flow, flowVersion, nodes } = run;
  const until = run.until === null ? null : new Date(run.until).toISOString();
  if (session.json) {
    session.printJson({ runId, status: run.status, outputs: null, error: null, waitsFor: nodes, until, flow, flowVersion });
    return;
  }
  const end = until === null ? '' : ` until ${until.slice(0, 19).replace('T', ' ')} UTC`;
  session.print(`${session.style.bold(session.style.yellow('paused'))}: waits for a person at ${nodes.join(', ')}${end}  (run ${runId})`);
  session.print(`see what is asked: riskflow run --answer ${runId}`);
}

function printRun(session: Session, run: FinishedRun): void {
  const tokens = (run.usage.inputTokens ?? 0) + (run.usage.outputTokens ?? 0);
  // A failed run has none.
  const outputs = run.outputs === null ? null : decodeValues(run.outputs);
  if (session.json) {
    const document = new Map<string, Value>([
      ['runId', run.runId],
      ['status', run.status],
      ['outputs', outputs],
      ['error', run.error],
      ['elapsedMs', run.elapsedMs],
      ['totalSteps', run.totalSteps],
      ['totalTokens', tokens],
      ['exceptionsCount', run.exceptionsCount],
      ['flow', run.flow],
      ['flowVersion', run.flowVersion],
    ]);
    session.print(toJsonText(document, 2));
    return;
  }
  const { bold, green, red, yellow } = session.style;
  const colour = run.status === 'succeeded' ? green : run.status === 'partial-succeeded' ? yellow : red;
  const used = tokens === 0 ? '' : `, ${tokens} tokens`;
  session.print(`${bold(colour(run.status))} in ${durationText(run.elapsedMs)}, ${run.totalSteps} steps${used}  (run ${run.runId})`);
  if (run.error !== null) session.print(`error: ${oneLine(run.error)}`);
  if (outputs !== null && outputs.size > 0) session.print(toJsonText(outputs, 2));
}
