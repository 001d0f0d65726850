import type { Command } from 'commander';
import type { AppWorker, AppWorkerOptions } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import { hostAndPort, type HttpPlace } from '../options/http-place.ts';
import { wholeNumber } from '../options/numbers.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session, type Work } from '../session.ts';

type WorkerOptions = {
  readonly maxEffects?: number;
  readonly maxCachedWorkflows?: number;
  readonly drainSeconds?: number;
  /** False with --no-http. */
  readonly http?: HttpPlace | boolean;
  readonly buildId?: string;
  readonly makeCurrent?: boolean;
  readonly promote?: string;
  readonly builds?: boolean;
};

const DRAIN_SECONDS = 30;

export function addWorkerCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'worker',
    summary: 'drive runs for Temporal until it is stopped',
    options: [
      option('--max-effects <N>', 'effects performed at the same time', {
        standard: 100,
        read: wholeNumber('--max-effects', { min: 1, max: 100_000 }),
      }),
      option('--max-cached-workflows <N>', 'runs kept in memory between their steps, about 1 MB each', {
        standard: 200,
        read: wholeNumber('--max-cached-workflows', { min: 1, max: 100_000 }),
      }),
      option('--drain-seconds <N>', 'when it is stopped, how long effects in flight may take to end', {
        standard: DRAIN_SECONDS,
        read: wholeNumber('--drain-seconds', { min: 0, max: 86_400 }),
      }),
      option('--http <HOST:PORT>', 'where it serves /health/live, /health/ready and /metrics (default: 127.0.0.1:9464)', {
        read: (text) => hostAndPort(text),
      }),
      option('--no-http', 'serve none of these'),
      option('--build-id <ID>', 'which build this is: runs stay with the build that they began on (default: RISKFLOW_BUILD_ID)'),
      option('--make-current', 'send new runs to this build once it is ready, unless it had its turn or a newer one has it'),
      option('--promote <ID>', 'start no worker: send new runs to the build ID from now on'),
      option('--builds', 'start no worker: list the builds that Temporal knows of'),
    ],
    examples: [
      'riskflow worker',
      'riskflow worker --max-effects 400 --http 127.0.0.1:0',
      'riskflow worker --build-id 2026-11-21 --make-current',
      'riskflow worker --builds',
    ],
    notes: [
      'It needs Temporal, and a database that every worker and `run --on temporal` share, from the environment or the configuration file:',
      '  RISKFLOW_TEMPORAL_ADDRESS=127.0.0.1:7233',
      '  RISKFLOW_MYSQL_URL=mysql://user:password@127.0.0.1:3306/riskflow',
      'With RISKFLOW_TEMPORAL_KEYS=ID:KEY, a key from `openssl rand -base64 32`, all that Temporal keeps of runs is encrypted.',
      'Any number of workers may run side by side, each on the storage that `run --on temporal` uses. Ctrl-C or SIGTERM stops one gracefully:',
      'it takes nothing new, lets the effects in flight end, and aborts those that take too long, which another worker performs again. A second',
      'Ctrl-C stops it at once. docs/operations.md tells how to upgrade while runs are open.',
    ],
    action: work,
  });
}

async function work(session: Session, command: Command): Promise<number> {
  const options = command.opts<WorkerOptions>();
  return withApp(session, async (app) => {
    if (options.builds === true) return showBuilds(session, app);
    if (options.promote !== undefined) return promote(session, app, options.promote);
    return runWorker(session, app, options);
  });
}

async function runWorker(session: Session, { runtime, context }: Work, options: WorkerOptions): Promise<number> {
  const { signal, stopListening } = listenForInterruption(() => ({ sentence: 'the worker was stopped', hint: 'start it again' }));
  const drainSeconds = options.drainSeconds ?? DRAIN_SECONDS;
  try {
    const worker = await runtime.startAppWorker(context, { ...startOptions(options, drainSeconds), onNotice: session.notice });
    const { address, namespace, taskQueue, buildId, http } = worker;
    const build = buildId === null ? '' : `, as build ${buildId}`;
    session.notice(`works for ${address}, namespace ${namespace}, task queue ${taskQueue}${build}`);
    if (http !== null) session.notice(`health and metrics: ${http}/health/ready, ${http}/metrics`);
    if (session.json) session.printJson({ status: 'ready', address, namespace, taskQueue, buildId, http });
    let drained: Promise<void> | undefined;
    const stop = (): void => {
      drained = drain(session, worker, drainSeconds);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    await worker.done;
    await drained;
    return 0;
  } finally {
    stopListening();
  }
}

function startOptions(
  { maxEffects, maxCachedWorkflows, http, buildId, makeCurrent }: WorkerOptions,
  drainSeconds: number,
): AppWorkerOptions {
  return {
    drainMs: drainSeconds * 1_000,
    ...(maxEffects === undefined ? {} : { maxEffects }),
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    ...(http === false ? { http: null } : typeof http === 'object' ? { http } : {}),
    ...(buildId === undefined ? {} : { buildId }),
    ...(makeCurrent === undefined ? {} : { makeCurrent }),
  };
}

const LOOK_MS = 250;
/** Titles in one line. */
const MOST_TITLES = 5;

/** Stops the worker, and says what it waits for whenever that changes. */
async function drain(session: Session, worker: AppWorker, seconds: number): Promise<void> {
  session.notice(`stops: it takes nothing new, and gives the effects in flight ${seconds} s to end`);
  let told = '';
  const look = (): void => {
    const { effects } = worker.status();
    const titles = worker.underWay();
    const more = titles.length > MOST_TITLES ? ', …' : '';
    const named = titles.length === 0 ? '' : ` (${titles.slice(0, MOST_TITLES).join(', ')}${more})`;
    const sentence = effects === 0 ? '' : `waits for ${effects} ${effects === 1 ? 'effect' : 'effects'}${named}`;
    if (sentence !== '' && sentence !== told) session.notice(sentence);
    told = sentence;
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  try {
    await worker.stop();
    session.notice('stopped');
  } catch {
    // The end of the worker tells the same.
  } finally {
    clearInterval(timer);
  }
}

async function showBuilds(session: Session, { runtime, context }: Work): Promise<number> {
  const builds = await runtime.listWorkerBuilds(context);
  if (session.json) session.printJson({ builds });
  else if (builds.length === 0) session.print('Temporal knows no builds of workers: riskflow worker --build-id ID starts the first');
  else {
    const rows = builds.map(({ buildId, state, since }) => [buildId, state, new Date(since).toISOString()]);
    session.print(renderTable([{ title: 'build', atMost: 100 }, { title: 'state' }, { title: 'since' }], rows));
  }
  return 0;
}

async function promote(session: Session, { runtime, context }: Work, buildId: string): Promise<number> {
  const told = await runtime.promoteWorkerBuild(context, buildId);
  if (session.json) session.printJson({ buildId, status: 'current' });
  else session.print(told);
  return 0;
}
