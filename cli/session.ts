import type * as RuntimeRoom from '../runtime/index.ts';
import { maskSecrets } from './mask-secrets.ts';
import { createProgressLine } from './output/progress-line.ts';
import { styleFor, type Style } from './output/style.ts';
import { oneLine } from './output/visible-text.ts';
import type { Terminal } from './terminal.ts';

export type Runtime = typeof RuntimeRoom;

/** One use of a command: where it prints, and how. */
export type Session = {
  readonly terminal: Terminal;
  /** One JSON document on standard output and nothing else there. */
  readonly json: boolean;
  readonly style: Style;
  readonly onProgress: RuntimeRoom.OnProgress;
  /** Ends the progress bar. */
  readonly endProgress: () => void;
  /** A sentence on standard error that is worth knowing. */
  readonly notice: (sentence: string) => void;
  readonly warn: (sentence: string) => void;
  readonly print: (text: string) => void;
  readonly printJson: (json: unknown) => void;
};

export function openSession(terminal: Terminal, { json }: { readonly json: boolean }): Session {
  const progress = createProgressLine(terminal);
  const errors = styleFor(terminal.err, terminal.env);
  const say = (line: string): void => progress.say(maskSecrets(line, terminal));
  return {
    terminal,
    json,
    style: styleFor(terminal.out, terminal.env),
    onProgress: (state) => progress.update(state),
    endProgress: () => progress.end(),
    notice: (sentence) => say(errors.dim(`riskflow: ${oneLine(sentence)}`)),
    warn: (sentence) => say(`${errors.yellow('riskflow: warning:')} ${oneLine(sentence)}`),
    print: (text) => {
      progress.end();
      terminal.out.write(`${text}\n`);
    },
    printJson: (value) => {
      progress.end();
      terminal.out.write(`${JSON.stringify(value, null, 2)}\n`);
    },
  };
}

export type Work = { readonly runtime: Runtime; readonly context: RuntimeRoom.Context };

/** Loads the program, which takes longer than to say that an option is wrong. */
export const loadRuntime = (): Promise<Runtime> => import('../runtime/index.ts');

/** Opens the data folder for a command and closes it afterwards. */
export async function withApp<T>(session: Session, body: (work: Work) => Promise<T>): Promise<T> {
  const { terminal, notice, onProgress } = session;
  const runtime = await loadRuntime();
  const settings = runtime.readSettings(terminal.env, terminal.folder);
  const app = await runtime.openApp(settings, { actor: 'cli', onNotice: notice, onProgress });
  try {
    return await body({ runtime, context: app.context });
  } finally {
    session.endProgress();
    await app.close();
  }
}
