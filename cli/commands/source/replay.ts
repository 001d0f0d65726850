import type { Command } from 'commander';
import { RiskflowError } from '../../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../../declare.ts';
import { listenForInterruption } from '../../interruption.ts';
import { wholeNumber } from '../../options/numbers.ts';
import { hasRange, rangeOf, rangeOptions, type RangeOptions } from '../../options/record-range.ts';
import { concurrencyOption } from '../../options/shared.ts';
import { withApp, type Session } from '../../session.ts';

export function addSourceReplay(source: Command, dispatch: Dispatch): void {
  addVerb(source, dispatch, {
    name: 'replay <ID>',
    summary: 'decide records of a source again for real: the new decisions are told outside',
    args: { ID: 'name of the source' },
    options: [
      ...rangeOptions(),
      option('--flow <FLOW>', 'by this flow file or FLOW[:VERSION] (default: as new records are decided)'),
      option('--reason <TEXT>', 'why, for those who look at it later; needed to begin one'),
      concurrencyOption('calls in flight at a time (default: as its settings say)'),
      option('--resume <N>', 'go on with replay N, which was interrupted', {
        read: wholeNumber('--resume', { min: 1, max: 1_000_000_000 }),
      }),
    ],
    examples: [
      'riskflow source replay reports --from 2026-11-20 --to 2026-11-20 --reason "the prompt was wrong"',
      'riskflow source replay reports --arrivals 1..500 --flow triage:1f0c22 --reason "takes back version 2" --json',
      'riskflow source replay reports --resume 2',
    ],
    notes: [
      'The source must be paused or stopped (riskflow source pause), so that for each subject the new decisions come behind the earlier ones.',
      'Records that nobody has decided yet are left to the source. To only see what would change: riskflow backtest.',
    ],
    action: replay,
  });
}

type ReplayOptions = RangeOptions & {
  readonly flow?: string;
  readonly reason?: string;
  readonly concurrency?: number;
  readonly resume?: number;
};

function checkOptions(options: ReplayOptions): void {
  const { flow, reason, resume, from, to, arrivals } = options;
  if (resume !== undefined) {
    if (flow === undefined && reason === undefined && !hasRange(options)) return;
    throw new RiskflowError('usage', 'source replay: --resume goes on with what was begun, so nothing else can be said', {
      hint: 'only --concurrency goes with it',
    });
  }
  if (from === undefined && to === undefined && arrivals === undefined)
    throw new RiskflowError('usage', 'source replay: which records? Name them with --from and --to, or --arrivals A..B', {
      hint: 'riskflow source replay --help tells more',
    });
  if (reason === undefined)
    throw new RiskflowError('usage', 'source replay: the option --reason <TEXT> is required', {
      hint: 'decisions are told again: say why',
    });
}

async function replay(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const options = command.opts<ReplayOptions>();
  checkOptions(options);
  const { flow, reason = '', resume } = options;
  const range = rangeOf(options);
  let number = resume;
  const interruption = listenForInterruption(() => ({
    sentence: `the replay of source ${sourceId} was interrupted; what is decided is stored`,
    hint: number === undefined ? 'run it again' : `go on with: riskflow source replay ${sourceId} --resume ${number}`,
  }));
  const watch = {
    signal: interruption.signal,
    onProgress: session.onProgress,
    onStarted: (started: { readonly replay: number }) => {
      number = started.replay;
      session.notice(`replay ${number} of source ${sourceId}; if it is interrupted: riskflow source replay ${sourceId} --resume ${number}`);
    },
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
  };
  try {
    return await withApp(session, async ({ runtime, context }) => {
      const done =
        resume === undefined
          ? await runtime.replaySource(context, { sourceId, range, reason, ...(flow === undefined ? {} : { flow }) }, watch)
          : await runtime.resumeReplay(context, { sourceId, replay: resume }, watch);
      if (done.missing !== null) session.warn(done.missing);
      if (session.json) session.printJson(done);
      else {
        const left = done.left === 0 ? '' : `; ${done.left} were never decided, and are left to the source`;
        session.print(`replay ${done.replay} of source ${sourceId}: ${done.decided} decided again, ${done.failed} failed${left}`);
      }
      return 0;
    });
  } finally {
    interruption.stopListening();
  }
}
