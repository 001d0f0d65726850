import type { Command } from 'commander';
import type { Keeper, SchedulerNews, SourceNews } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import { hostAndPort, type HttpPlace } from '../options/http-place.ts';
import { withApp, type Session, type Work } from '../session.ts';
import { outboxTeller } from './outbox-news.ts';

type StartOptions = {
  /** False with --no-http. */
  readonly http?: HttpPlace | boolean;
  readonly listen?: HttpPlace | boolean;
};

/** Where records are taken unless another place is named. */
const USUAL_INLET: HttpPlace = { host: '127.0.0.1', port: 9466 };

export function addStartCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'start',
    summary: 'work on sources, schedules and the outbox until it is stopped',
    options: [
      option('--http <HOST:PORT>', 'where it serves /health/live, /health/ready and /metrics (default: 127.0.0.1:9465)', {
        read: (text) => hostAndPort(text),
      }),
      option('--no-http', 'serve none of these'),
      option('--listen <HOST:PORT>', 'where records are taken: POST /sources/ID/records (default: 127.0.0.1:9466)', {
        read: (text) => hostAndPort(text, '--listen'),
      }),
      option('--no-listen', 'take no records'),
    ],
    examples: ['riskflow start', 'riskflow start --json', 'riskflow start --http 127.0.0.1:0'],
    notes: [
      'Sources that are to run (source start --detach, source resume) are read and decided; decisions go to the sinks of the configuration.',
      'Ctrl-C or SIGTERM stops it: what is in flight is left as it is, and goes on at the next start.',
      'Several may be started on the same data: they share the work, and take over what another one leaves, within 10 s when it was killed.',
      'Where a Temporal server is set, Temporal keeps the schedules and this process reads sources; `riskflow worker` runs the flows.',
      'Ready (/health/ready) is who has begun, can read the storage, and fits its tables; also one that waits to take over.',
    ],
    action: start,
  });
}

async function start(session: Session, command: Command): Promise<number> {
  const { http, listen } = command.opts<StartOptions>();
  const place = http === false ? { http: null } : typeof http === 'object' ? { http } : {};
  return withApp(session, async (work) => {
    const { signal, stopListening } = listenForInterruption(() => ({ sentence: 'stopped', hint: 'start it again' }));
    try {
      const keeper = await work.runtime.openKeeper(work.context, { ...place, onNotice: session.notice });
      try {
        if (keeper.http !== null) session.notice(`health and metrics: ${keeper.http}/health/ready, ${keeper.http}/metrics`);
        const inlet = listen === false ? null : typeof listen === 'object' ? listen : USUAL_INLET;
        await keepAll(session, { runtime: work.runtime, keeper, inlet, isNamed: typeof listen === 'object' }, signal);
      } finally {
        await keeper.close();
      }
      return 0;
    } finally {
      stopListening();
    }
  });
}

type Keeping = {
  readonly runtime: Work['runtime'];
  readonly keeper: Keeper;
  /** Where records are taken; null: nowhere. `isNamed`: there and nowhere else. */
  readonly inlet: HttpPlace | null;
  readonly isNamed: boolean;
};

/** All that a process keeps going. What one part cannot do (a sink that is set wrongly) ends all of them, with its reason. */
async function keepAll(session: Session, keeping: Keeping, interrupted: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([interrupted, failed.signal]);
  const { runtime, keeper } = keeping;
  const { context } = keeper;
  const inlet = await openInlet(session, keeping);
  const schedules = context.settings.temporal === undefined ? keepHere : watchTemporal;
  const works = [
    schedules(session, keeping, signal),
    runtime.keepAppSources(context, { signal, onNews: (news) => tellOfSource(session, news) }),
    runtime.keepOutbox(context, { signal, onNews: outboxTeller(session), onNotice: session.notice }),
  ];
  await Promise.all(works.map((work) => work.catch((error: unknown) => failed.abort(error))));
  await inlet?.close();
  failed.signal.throwIfAborted();
}

async function openInlet(session: Session, { runtime, keeper, inlet, isNamed }: Keeping): Promise<{ close(): Promise<void> } | null> {
  if (inlet === null) return null;
  const { servePush } = await import('../../server/index.ts');
  const serve = (place: HttpPlace) => servePush(runtime.openInlet(keeper.context), place);
  const server = await serve(inlet).catch((error: unknown) => {
    if (isNamed) throw error;
    return serve({ ...inlet, port: 0 });
  });
  session.notice(`records are taken at ${server.url}/sources/ID/records`);
  return server;
}

function tellOfSource(session: Session, news: SourceNews): void {
  if (news.kind === 'notice') session.notice(`source ${news.sourceId}: ${news.sentence}`);
  else if (news.kind === 'task' && (news.report.trace !== null || news.report.task === 'source'))
    session.notice(
      `source ${news.sourceId}, ${news.report.task}: ${news.report.state}${news.report.trace === null ? '' : `, ${news.report.trace}`}`,
    );
}

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
