import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, type TaskReport } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { LeaseHeld } from '../../leases.ts';
import { openTrendCounter, type TrendCounter } from './count-trends.ts';
import { decidePart } from '../deciding/decide-part.ts';
import type { Deciding, DoneRecord } from '../deciding/deciding.ts';
import { decidingTools } from '../deciding/deciding-tools.ts';
import type { ConnectorInputs } from '../intake/open-connector.ts';
import { isEndless, readSource } from '../intake/read-source.ts';
import { partTask, shareParts } from './share-parts.ts';
import { checkModels } from '../source-plans.ts';
import { watchSource, type SourceWatch } from '../source-watch.ts';
import { openTaskBoard, REPEAT_MS } from './task-board.ts';
import { keepTidy } from '../intake/tidy-source.ts';

export type KeepSourceOptions = {
  readonly inputs?: ConnectorInputs;
  /** Aborted: nothing more is read or begun; what is under way goes on at the next start. */
  readonly signal: AbortSignal;
  readonly onNews: (news: SourceNews) => void;
  /** Sees to it that others decide the records; without it this process does. */
  readonly askOthers?: (sourceId: string) => Promise<void>;
  /** Whether to end when the source is stopped, instead of waiting until it is to run again. */
  readonly untilStopped?: boolean;
};

export type SourceNews =
  | { readonly kind: 'task'; readonly sourceId: string; readonly report: TaskReport }
  | { readonly kind: 'notice'; readonly sourceId: string; readonly sentence: string }
  | { readonly kind: 'done'; readonly sourceId: string; readonly done: DoneRecord };

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
const AGAIN_MS = 2_000;
const TRENDS_MS = 1_000;
const WATCH_MS = 500;

/**
 * Works on a source for as long as the signal lets it: reads, decides and counts, together with other processes that do the same. Follows what is
 * wanted of the source (pause, stop, other settings); what fails is told, and tried again after a while.
 */
export async function keepSource(context: Context, sourceId: string, options: KeepSourceOptions): Promise<void> {
  const { signal, onNews } = options;
  const board = openTaskBoard(context, sourceId);
  const repeating = setInterval(board.repeat, REPEAT_MS);
  const report = (task: TaskReport): void => {
    if (board.report(task)) onNews({ kind: 'task', sourceId, report: task });
  };
  const over = new AbortController();
  const tidying = keepTidy(context, sourceId, {
    signal: AbortSignal.any([signal, over.signal]),
    report,
    onNotice: (sentence) => onNews({ kind: 'notice', sourceId, sentence }),
  });
  try {
    while (!signal.aborted) {
      const watch = await patiently(report, signal, () => watchSource(context, sourceId));
      if (watch === undefined) break;
      const { state } = watch.view();
      if (state.wish === 'run') {
        await oneSession(context, { ...options, sourceId, watch, report });
        // What it did then says nothing of what it does next; nobody reads a source that is stopped.
        board.keepOnly('source');
      } else if (state.wish === 'stop' && options.untilStopped === true) return;
      else {
        report({ task: 'source', state: state.wish === 'pause' ? 'paused' : 'stopped', trace: state.wishReason });
        await untilChanged(watch, signal);
      }
    }
  } finally {
    clearInterval(repeating);
    over.abort();
    await tidying;
    await board.close();
  }
}

type Session = KeepSourceOptions & {
  readonly sourceId: string;
  readonly watch: SourceWatch;
  readonly report: (task: TaskReport) => void;
};

/** Works with the settings of one moment; ends when they change, or what is wanted does. */
async function oneSession(context: Context, session: Session): Promise<void> {
  const { sourceId, watch, report, onNews } = session;
  const over = new AbortController();
  const signal = AbortSignal.any([session.signal, over.signal]);
  report({ task: 'source', state: 'running', trace: null });
  const changed = untilSettingsChange(watch, signal).then(() => over.abort(new Error('the settings of the source have changed')));
  const tasks = [changed, keepReading(context, { ...session, signal }), keepCounting(context, { ...session, signal })];
  const { askOthers } = session;
  if (askOthers !== undefined) tasks.push(keepAsking(session, signal, askOthers));
  else {
    const deciding = await patiently(report, signal, () => prepareDeciding(context, { ...session, signal }));
    if (deciding !== undefined) {
      const work = async (part: number, stop: AbortSignal): Promise<void> => {
        const onHold = (reason: string | null): void =>
          report({ task: partTask(part), state: reason === null ? 'running' : 'paused', trace: reason });
        await decidePart(context, part, { ...deciding, signal: stop, onHold });
      };
      tasks.push(shareParts(context, { sourceId, signal, work, report }));
    }
  }
  await Promise.all(tasks);
  onNews({ kind: 'notice', sourceId, sentence: session.signal.aborted ? 'stops here' : 'goes on with what is wanted now' });
}

const ASK_MS = 15_000;

/** Again and again: what was asked for may have been ended there. */
async function keepAsking({ sourceId, report }: Session, signal: AbortSignal, ask: NonNullable<Session['askOthers']>): Promise<void> {
  while (!signal.aborted) {
    try {
      await ask(sourceId);
      report({ task: 'decide', state: 'running', trace: null });
    } catch (error) {
      if (signal.aborted) return;
      report({ task: 'decide', state: 'failed', trace: messageOf(error) });
    }
    await pause(ASK_MS, signal);
  }
}

async function prepareDeciding(context: Context, { sourceId, watch, signal, onNews }: Session): Promise<Deciding> {
  const tools = decidingTools(context, watch);
  const { plans, state } = watch.view();
  await checkModels(plans, tools.models, state.settings);
  return {
    ...tools,
    signal,
    follow: () => true,
    onDone: (done) => onNews({ kind: 'done', sourceId, done }),
    onHold: () => undefined,
  };
}

/** Reads again and again: a source with an end may have grown, and one that failed may have been mended. */
async function keepReading(context: Context, session: Session): Promise<void> {
  const { sourceId, watch, signal, report, inputs = {}, onNews } = session;
  const { connector } = watch.view().state.settings;
  if (connector.kind === 'stdin' && inputs.input === undefined)
    return report({ task: 'intake', state: 'unassigned', trace: `nothing is piped in here: cat FILE | riskflow source start ${sourceId}` });
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      report({ task: 'intake', state: 'running', trace: null });
      await readSource(context, {
        watch,
        inputs,
        signal,
        onTask: report,
        onNotice: (sentence) => onNews({ kind: 'notice', sourceId, sentence }),
        untilCaughtUp: !isEndless(connector),
      });
      if (connector.kind === 'push' || connector.kind === 'stdin') return;
      pauseMs = FIRST_PAUSE_MS;
      await pause(AGAIN_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof LeaseHeld) {
        report({ task: 'intake', state: 'unassigned', trace: error.message });
        await pause(AGAIN_MS, signal);
        continue;
      }
      report({ task: 'intake', state: 'failed', trace: `${messageOf(error)}; tried again in ${pauseMs} ms` });
      await pause(pauseMs, signal);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }
}

async function keepCounting(context: Context, { watch, signal, report }: Session): Promise<void> {
  if (watch.view().state.settings.trends === undefined) return;
  let counter: TrendCounter | undefined;
  while (!signal.aborted) {
    try {
      counter ??= await openTrendCounter(context, watch);
      report({ task: 'trends', state: 'running', trace: await counter.turn(signal) });
    } catch (error) {
      await counter?.close().catch(() => undefined);
      counter = undefined;
      if (signal.aborted) return;
      if (error instanceof LeaseHeld) report({ task: 'trends', state: 'unassigned', trace: null });
      else report({ task: 'trends', state: 'failed', trace: messageOf(error) });
    }
    await pause(TRENDS_MS, signal);
  }
  await counter?.close().catch(() => undefined);
}

/** Until the settings, the flows or the wish are others. What only matters to the next record is no reason to begin anew. */
async function untilSettingsChange(watch: SourceWatch, signal: AbortSignal): Promise<void> {
  const { settings, wish } = watch.view().state;
  const began = JSON.stringify(settings);
  while (!signal.aborted) {
    await pause(WATCH_MS, signal);
    // A storage that is away for a moment is no change.
    const now = await watch.refresh().catch(() => watch.view());
    if (now.state.wish !== wish || JSON.stringify(now.state.settings) !== began) return;
  }
}

async function untilChanged(watch: SourceWatch, signal: AbortSignal): Promise<void> {
  const { version } = watch.view().state;
  while (!signal.aborted) {
    await pause(WATCH_MS, signal);
    const now = await watch.refresh().catch(() => watch.view());
    if (now.state.version !== version) return;
  }
}

/** Tries until it succeeds; undefined when the signal aborts before. */
async function patiently<T>(report: (task: TaskReport) => void, signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const done = await work();
      if (pauseMs > FIRST_PAUSE_MS) report({ task: 'source', state: 'running', trace: null });
      return done;
    } catch (error) {
      report({ task: 'source', state: 'failed', trace: `${messageOf(error)}; tried again in ${pauseMs} ms` });
      await pause(pauseMs, signal);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }
  return undefined;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);
