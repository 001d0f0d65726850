import type { Command } from 'commander';
import type { SourceNews, SourceRun } from '../../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../../declare.ts';
import { listenForInterruption } from '../../interruption.ts';
import { concurrencyOption } from '../../options/shared.ts';
import { durationText } from '../../output/duration.ts';
import { withApp, type Session, type Work } from '../../session.ts';

type StartOptions = { readonly concurrency?: number; readonly detach?: boolean; readonly once?: boolean };

export function addSourceStart(source: Command, dispatch: Dispatch): void {
  addVerb(source, dispatch, {
    name: 'start <ID>',
    summary: 'read what is new, decide every record that is pending, and end; a stream is followed until it is stopped',
    args: { ID: 'name of the source' },
    options: [
      concurrencyOption('calls in flight at a time (default: as its settings say)'),
      option('--once', 'of a stream: up to the end that it has now'),
      option('--detach', 'only say that it is to run: `riskflow start` does the work'),
    ],
    examples: [
      'riskflow source start reports',
      'riskflow source start reports --concurrency 32 --json',
      'riskflow source start live --once',
      'cat reports.ndjson | riskflow source start piped',
    ],
    notes: ['Interrupted at any moment, another start goes on: nothing is lost and nothing decided twice.'],
    action: start,
  });
}

async function start(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const { detach = false, ...options } = command.opts<StartOptions>();
  const interruption = listenForInterruption(() => ({
    sentence: `source ${sourceId} was interrupted; what is done is stored`,
    hint: `go on with: riskflow source start ${sourceId}`,
  }));
  try {
    return await withApp(session, async (work) => {
      const { runtime, context } = work;
      for (const warning of await runtime.sourceWarnings(context, sourceId)) session.warn(warning);
      await runtime.controlSource(context, sourceId, { wish: 'run', reason: 'source start' });
      if (detach) return tellDetached(session, sourceId);
      if (options.once !== true && (await runtime.isEndlessSource(context, sourceId)))
        return await follow(session, work, { sourceId, signal: interruption.signal });
      const run = await runtime.runSource(context, sourceId, {
        inputs: { input: process.stdin, onLog: session.notice },
        onProgress: session.onProgress,
        signal: interruption.signal,
        ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      });
      for (const note of run.notes) session.warn(note);
      if (run.held !== null) session.warn(`records wait: ${run.held}`);
      if (session.json) session.printJson(run);
      else session.print(sentenceOf(run));
      return 0;
    });
  } finally {
    interruption.stopListening();
  }
}

function tellDetached(session: Session, sourceId: string): number {
  if (session.json) session.printJson({ sourceId, wish: 'run' });
  else session.print(`source ${sourceId} is to run: riskflow start works on it`);
  return 0;
}

function sentenceOf(run: SourceRun): string {
  const skipped = run.skipped === 0 ? '' : `, ${run.skipped} left out`;
  const shadowed = run.shadowed === 0 ? '' : `, ${run.shadowed} also by the shadow`;
  return `${run.records} new records and ${run.deadLetters} dead letters${skipped}; ${run.decided} decided, ${run.failed} failed, ${run.superseded} superseded by ${run.flow} version ${run.flowVersion.slice(0, 12)}${shadowed} in ${durationText(run.elapsedMs)}`;
}

const TELL_MS = 5_000;

/** Works on a stream until it is interrupted or somebody stops it. */
async function follow(
  session: Session,
  { runtime, context }: Work,
  { sourceId, signal }: { readonly sourceId: string; readonly signal: AbortSignal },
): Promise<number> {
  const counts = { decided: 0, failed: 0, superseded: 0, shadow: 0 };
  let told = '';
  const tell = (): void => {
    const text = `${counts.decided} decided, ${counts.failed} failed, ${counts.superseded} superseded`;
    if (text !== told) session.notice(text);
    told = text;
  };
  const timer = setInterval(tell, TELL_MS);
  const onNews = (news: SourceNews): void => {
    if (news.kind === 'done') counts[news.done.fate]++;
    else if (news.kind === 'notice') session.notice(`${sourceId}: ${news.sentence}`);
    else if (news.report.trace !== null) session.notice(`${sourceId} ${news.report.task} ${news.report.state}: ${news.report.trace}`);
  };
  session.notice(`follows source ${sourceId}; Ctrl-C ends it, and another start goes on`);
  try {
    await runtime.keepSource(context, sourceId, {
      signal,
      onNews,
      untilStopped: true,
      inputs: { input: process.stdin, onLog: session.notice },
    });
  } finally {
    clearInterval(timer);
  }
  tell();
  if (session.json) session.printJson({ sourceId, ...counts });
  return 0;
}
