import type { Stream, Terminal } from '../terminal.ts';

export type Style = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
};

/** Whether a stream can move the cursor and show colours. */
export const isScreen = (stream: Stream, env: Terminal['env']): boolean => stream.isTty && env['TERM'] !== 'dumb';

/** Colours on a terminal only, and none where NO_COLOR is set to anything (no-color.org). */
export function styleFor(stream: Stream, env: Terminal['env']): Style {
  const colours = isScreen(stream, env) && (env['NO_COLOR'] ?? '') === '';
  const mark =
    (on: number, off: number) =>
    (text: string): string =>
      colours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { bold: mark(1, 22), dim: mark(2, 22), red: mark(31, 39), green: mark(32, 39), yellow: mark(33, 39) };
}
