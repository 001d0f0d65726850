import { setTimeout as sleep } from 'node:timers/promises';
import { printError } from '../cli/print-error.ts';
import { runProgram } from '../cli/program.ts';
import type { Stream, Terminal } from '../cli/terminal.ts';
import type { Answer, Command } from './kept-riskflow.ts';

/**
 * Runs command lines one after another, each as `cli/main.ts` would in a process of its own: with its own environment, folder and output. What
 * a command leaves behind that would keep its process from ending is told as `left`.
 */
process.on('message', (command: Command) => void answer(command));
process.once('disconnect', () => process.exit(0));

const HOME = process.cwd();
/** A process would wait for what is left over as long as it takes. */
const PATIENCE_MS = 20_000;
const POLL_MS = 2;

async function answer({ args, environment, folder }: Command): Promise<void> {
  const [out, err] = [capture('stdout'), capture('stderr')];
  const terminal: Terminal = {
    out: out.stream,
    err: err.stream,
    env: process.env,
    folder,
    clock: () => performance.now(),
    readInput: () => Promise.resolve(new Uint8Array()),
  };
  const crashed = Promise.withResolvers<number>();
  let whole = true;
  const crash = (error: unknown): void => {
    whole = false;
    crashed.resolve(printError(terminal, error, { debug: args.includes('--debug') }));
  };
  const warn = ({ name, message }: Error): void => {
    if (name !== 'ExperimentalWarning') err.stream.write(`(node:${process.pid}) ${name}: ${message}\n`);
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash).on('warning', warn);
  become(environment, folder);
  const before = held();
  const code = await Promise.race([runProgram(args, terminal), crashed.promise]);
  const left = whole ? await Promise.race([leftOver(before), crashed.promise.then(() => [])]) : [];
  become({}, HOME);
  process.off('uncaughtException', crash).off('unhandledRejection', crash).off('warning', warn);
  const answered: Answer = { code: whole ? code : await crashed.promise, stdout: out.end(), stderr: err.end(), left, crashed: !whole };
  process.send?.(answered);
}

function become(environment: Command['environment'], folder: string): void {
  process.chdir(folder);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
}

/** Takes what is written, by the terminal and past it. */
function capture(name: 'stdout' | 'stderr'): { readonly stream: Stream; readonly end: () => string } {
  let text = '';
  const take = (part: string | Uint8Array): boolean => {
    text += typeof part === 'string' ? part : Buffer.from(part).toString('utf8');
    return true;
  };
  const real = process[name];
  real.write = take;
  return {
    stream: { write: (part) => void take(part), isTty: false, columns: () => 80 },
    end: () => {
      // The one of its class again.
      Reflect.deleteProperty(real, 'write');
      return text;
    },
  };
}

/** How many there are of each kind of thing that keeps a process alive. */
function held(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Waits for what goes away by itself, as the end of a process does. @returns the kinds of what does not */
async function leftOver(before: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = [...held()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
    if (left.length === 0 || performance.now() > end) return left;
    await sleep(POLL_MS);
  }
}
