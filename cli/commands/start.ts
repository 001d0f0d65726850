import type { Command } from 'commander';
import type { Keeper, SchedulerNews } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import { hostAndPort, type HttpPlace } from '../options/http-place.ts';
import { withApp, type Session, type Work } from '../session.ts';

type StartOptions = {
  /** False with --no-http. */
  readonly http?: HttpPlace | boolean;
};

export function addStartCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'start',
    summary: 'keep the schedules going until it is stopped',
    options: [
      option('--http <HOST:PORT>', 'where it serves /health/live, /health/ready and /metrics (default: 127.0.0.1:9465)', {
        read: hostAndPort,
      }),
      option('--no-http', 'serve none of these'),
    ],
    examples: ['riskflow start', 'riskflow start --json', 'riskflow start --http 127.0.0.1:0'],
    notes: [
      'Ctrl-C or SIGTERM stops it: a run or an evaluation in flight is left as it is, and goes on at the next start.',
      'Several may be started on the same data: one keeps the schedules, and another takes over when it ends, within 10 s when it was killed.',
      'Where a Temporal server is set, Temporal keeps the schedules: this makes it agree with the data, and `riskflow worker` does the work.',
      'Ready (/health/ready) is who has begun, can read the storage, and fits its tables; also one that waits to take over.',
    ],
    action: start,
  });
}

async function start(session: Session, command: Command): Promise<number> {
  const { http } = command.opts<StartOptions>();
  const place = http === false ? { http: null } : typeof http === 'object' ? { http } : {};
  return withApp(session, async (work) => {
    const { signal, stopListening } = listenForInterruption(() => ({ sentence: 'stopped', hint: 'start it again' }));
    try {
      const keeper = await work.runtime.openKeeper(work.context, { ...place, onNotice: session.notice });
      try {
        if (keeper.http !== null) session.notice(`health and metrics: ${keeper.http}/health/ready, ${keeper.http}/metrics`);
        if (work.context.settings.temporal === undefined) await keepHere(session, { runtime: work.runtime, keeper }, signal);
        else await watchTemporal(session, { runtime: work.runtime, keeper }, signal);
      } finally {
        await keeper.close();
      }
      return 0;
    } finally {
      stopListening();
    }
  });
}

type Keeping = { readonly runtime: Work['runtime']; readonly keeper: Keeper };

async function keepHere(session: Session, { runtime, keeper }: Keeping, signal: AbortSignal): Promise<void> {
  signal.addEventListener('abort', () => session.notice('stops: what is in flight goes on at the next start'), { once: true });
  let isReady = false;
  const onNews = (news: SchedulerNews): void => {
    if (news.kind === 'keeping' || news.kind === 'standby') keeper.ready(news.kind === 'keeping');
    if (!isReady) {
      isReady = true;
      const role = news.kind === 'standby' ? 'standby' : 'keeping';
      if (session.json) session.printJson({ status: 'ready', keeper: 'riskflow', role, http: keeper.http });
    }
    session.notice(sentenceOf(news));
  };
  await runtime.keepAppSchedules(keeper.context, { signal, onNews });
}

async function watchTemporal(session: Session, { runtime, keeper }: Keeping, signal: AbortSignal): Promise<void> {
  const { context, http } = keeper;
  const { mended, trouble } = await runtime.mendSchedules(context);
  const address = context.settings.temporal?.address ?? '';
  session.notice(`Temporal at ${address} keeps the schedules, and riskflow worker does their work`);
  if (mended.length > 0) session.notice(`made Temporal agree with the data about: ${mended.join(', ')}`);
  if (trouble !== null) session.warn(`could not see whether Temporal agrees with the data: ${trouble}`);
  if (session.json) session.printJson({ status: 'ready', keeper: 'temporal', mended, trouble, http });
  keeper.ready(false);
  await new Promise<void>((resolve) => {
    // Without it nothing would keep the process.
    const timer = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(timer);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

const moment = (time: number): string => `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

function sentenceOf(news: SchedulerNews): string {
  switch (news.kind) {
    case 'keeping':
      return 'keeps the schedules: riskflow schedule list shows them';
    case 'standby':
      return `waits to take over: ${news.why}`;
    case 'begun':
      return `${news.schedule} of ${moment(news.scheduledFor)} ${news.resumed ? 'goes on' : 'begins'}: ${news.workId}`;
    case 'ended':
      return `${news.schedule} of ${moment(news.scheduledFor)} ${news.status}${news.detail === null ? '' : `: ${news.detail}`}`;
    case 'skipped':
      return `${news.schedule} of ${moment(news.scheduledFor)} is skipped: ${news.reason}`;
    case 'buffered':
      return `${news.schedule} of ${moment(news.scheduledFor)} waits for the one before it`;
    case 'missed':
      return `${news.schedule}: ${news.count} missed, from ${moment(news.first)} to ${moment(news.last)}`;
    case 'trouble':
      return `trouble: ${news.message}`;
  }
}
