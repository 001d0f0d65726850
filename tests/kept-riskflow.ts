import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A command line of Riskflow. `environment` is all of it. */
export type Command = {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
};
export type Answer = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What would have kept a process of the command's own from ending. */
  readonly left: readonly string[];
  /** Whether it ended by an error that nobody caught. */
  readonly crashed: boolean;
};

const HOST = fileURLToPath(new URL('./command-host.ts', import.meta.url));
const PROJECT = fileURLToPath(new URL('../', import.meta.url));
/** Where compiled code is kept between starts, as the launcher does. */
export const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/riskflow/compiled', import.meta.url));
/** One for each core of a small machine: commands that compute get no faster by more. Those that wait do, maybe for one another. */
const ENOUGH = 2;
const PATIENCE_MS = 1_000;

type Host = { readonly child: ChildProcess; busy: boolean };
const hosts: Host[] = [];
const waiting: ((host: Host) => void)[] = [];

/**
 * Runs a command in a process that this file of tests keeps for all its commands, which spares each of them the start. For commands that are
 * waited for; what is killed, is sent signals or reads standard input needs a process of its own.
 */
export async function keptRiskflow(command: Command): Promise<Omit<Answer, 'left' | 'crashed'>> {
  const host = await freeHost();
  try {
    const { left, crashed, ...finished } = await ask(host.child, command);
    // What goes on in there would get between the next commands.
    if (crashed || left.length > 0) end(host);
    if (left.length > 0) throw new Error(`riskflow ${command.args.join(' ')} would not end: ${left.join(', ')}\n${finished.stderr}`);
    return finished;
  } finally {
    release(host);
  }
}

async function ask(child: ChildProcess, command: Command): Promise<Answer> {
  const answered = Promise.withResolvers<Answer>();
  const died = (code: number | null, signal: string | null): void =>
    answered.reject(new Error(`riskflow ${command.args.join(' ')} ended the process that ran it (${String(code ?? signal)})`));
  child.once('message', (answer) => answered.resolve(answer as Answer)).once('exit', died);
  child.send(command);
  try {
    return await answered.promise;
  } finally {
    child.off('exit', died);
  }
}

async function freeHost(): Promise<Host> {
  const free = hosts.find(({ busy }) => !busy) ?? (hosts.length < ENOUGH ? newHost() : undefined);
  if (free !== undefined) {
    free.busy = true;
    return free;
  }
  const next = Promise.withResolvers<Host>();
  waiting.push(next.resolve);
  const timer = setTimeout(() => {
    waiting.splice(waiting.indexOf(next.resolve), 1);
    next.resolve(newHost());
  }, PATIENCE_MS);
  return next.promise.finally(() => clearTimeout(timer));
}

function newHost(): Host {
  const { PATH = '', SystemRoot = '', HOME = '' } = process.env;
  const child = fork(HOST, {
    cwd: PROJECT,
    env: { PATH, SystemRoot, HOME, NODE_COMPILE_CACHE: COMPILE_CACHE },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // It ends with this process, and does not keep it.
  child.unref();
  child.channel?.unref();
  const host = { child, busy: true };
  child.once('exit', () => forget(host));
  hosts.push(host);
  return host;
}

function end(host: Host): void {
  forget(host);
  host.child.kill('SIGKILL');
}

function forget(host: Host): void {
  if (hosts.includes(host)) hosts.splice(hosts.indexOf(host), 1);
}

function release(host: Host): void {
  const next = waiting.shift();
  if (next === undefined) host.busy = false;
  else next(hosts.includes(host) ? host : newHost());
}
