import type { Terminal } from '../terminal.ts';
import { durationText } from './duration.ts';
import { isScreen } from './style.ts';
import { oneLine, shorten } from './visible-text.ts';

export type ProgressState = { readonly label: string; readonly done: number; readonly total: number };

/** How far long work is, on standard error: one redrawn line on a screen, elsewhere a plain line now and then. */
export type ProgressLine = {
  update(state: ProgressState): void;
  /** Prints a line of its own, above the bar. */
  say(line: string): void;
  /** Ends the bar and leaves what it last said. */
  end(): void;
};

const REDRAW_MS = 100;
const FIRST_LINE_MS = 3_000;
const LINE_MS = 5_000;
const BAR_WIDTH = 24;
const CLEAR = '\r\u001b[2K';

type Job = {
  readonly label: string;
  readonly startedAt: number;
  readonly doneAtStart: number;
  shownAt: number;
  shown: boolean;
  last: ProgressState;
};

export function createProgressLine({ err, env, clock }: Pick<Terminal, 'err' | 'env' | 'clock'>): ProgressLine {
  const screen = isScreen(err, env);
  let job: Job | undefined;
  const draw = (current: Job): void => {
    const text = progressText(current.last, {
      elapsedMs: clock() - current.startedAt,
      doneAtStart: current.doneAtStart,
      bar: screen,
      columns: screen ? Math.max(20, err.columns() - 1) : Infinity,
    });
    err.write(screen ? CLEAR + text : `${text}\n`);
    current.shownAt = clock();
    current.shown = true;
  };
  const end = (): void => {
    if (job === undefined) return;
    if (screen && job.shown) {
      draw(job);
      err.write('\n');
    }
    job = undefined;
  };
  return {
    update(state) {
      if (job !== undefined && job.label !== state.label) end();
      // What takes no time on a screen is drawn once at the latest; elsewhere only what lasts is worth a line.
      const now = clock();
      job ??= {
        label: state.label,
        startedAt: now,
        doneAtStart: state.done,
        shownAt: now + (screen ? 0 : FIRST_LINE_MS - LINE_MS),
        shown: false,
        last: state,
      };
      job.last = state;
      if (now - job.shownAt >= (screen ? REDRAW_MS : LINE_MS)) draw(job);
    },
    say(line) {
      const below = screen && job?.shown === true ? job : undefined;
      err.write(`${below === undefined ? '' : CLEAR}${line}\n`);
      if (below !== undefined) draw(below);
    },
    end,
  };
}

type ProgressView = {
  readonly elapsedMs: number;
  readonly doneAtStart: number;
  readonly bar: boolean;
  /** The text takes no more than these: the label is cut first, then the end. */
  readonly columns: number;
};

const SHORTEST_LABEL = 8;

/** `label [######......] 50 %  500/1000  120/s  4.2 s left` */
export function progressText({ label, done, total }: ProgressState, { elapsedMs, doneAtStart, bar, columns }: ProgressView): string {
  const share = total <= 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * BAR_WIDTH);
  const rate = elapsedMs <= 0 ? 0 : ((done - doneAtStart) * 1000) / elapsedMs;
  const left = done >= total ? `in ${durationText(elapsedMs)}` : rate > 0 ? `${durationText(((total - done) * 1000) / rate)} left` : '';
  const figures = [
    ...(bar ? [`[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`] : []),
    `${Math.floor(share * 100)} %`,
    `${done}/${total}`,
    ...(rate > 0 ? [`${rateText(rate)}/s`] : []),
    ...(left === '' ? [] : [left]),
  ].join('  ');
  const name = shorten(oneLine(label), Math.max(SHORTEST_LABEL, columns - figures.length - 2));
  return shorten(`${name}  ${figures}`, columns);
}

const rateText = (rate: number): string => (rate >= 9.95 ? String(Math.round(rate)) : rate.toFixed(1));
