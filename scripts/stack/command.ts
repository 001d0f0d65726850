import { spawn } from 'node:child_process';
import { appendFileSync, constants } from 'node:fs';
import { access, appendFile, mkdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { StackFailure } from './failure.ts';

/** A program with its arguments, as data. Without `environment` it gets that of this process. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** What messages call it, where the program is only the way in. */
  readonly title?: string;
}

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/**
 * Where a program is, or undefined. Looks into the system folders too: they are often missing in the PATH of
 * people who are not root, and Debian puts chroot and mysqld there.
 */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...SYSTEM_FOLDERS];
  for (const folder of folders) {
    const path = join(folder, name);
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return undefined;
}

/**
 * Runs a program to its end and returns what it wrote to standard output. Everything it writes is appended to the
 * log. Throws StackFailure with the end of its output when it cannot be started or ends with anything but 0.
 */
export async function run(command: Command, log: string): Promise<string> {
  await mkdir(dirname(log), { recursive: true });
  await appendFile(log, `\n$ ${[command.program, ...command.arguments].join(' ')}\n`);
  // Ends with this process, even when that is killed: nothing may go on writing where the next attempt begins.
  const bound = { ...command, program: 'setpriv', arguments: ['--pdeathsig', 'KILL', command.program, ...command.arguments] };
  const outcome = await collect(bound, log);
  if (outcome.end === 'exit code 0') return outcome.output;
  throw new StackFailure(`${command.title ?? command.program} failed (${outcome.end}); whole output in ${log}:\n${lastLines(outcome.all)}`);
}

interface Outcome {
  readonly end: string;
  readonly output: string;
  readonly all: string;
}

function collect(command: Command, log: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const output: Buffer[] = [];
    const all: Buffer[] = [];
    const finish = (end: string): void => resolve({ end, output: Buffer.concat(output).toString(), all: Buffer.concat(all).toString() });
    const child = spawn(command.program, [...command.arguments], {
      env: command.environment ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      all.push(chunk);
      appendFileSync(log, chunk);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      output.push(chunk);
      keep(chunk);
    });
    child.stderr.on('data', keep);
    child.on('error', (error) => finish(error.message));
    child.on('close', (code, signal) => finish(code === null ? `signal ${String(signal)}` : `exit code ${code}`));
  });
}

/** The end of a text, indented, for a message. */
function lastLines(text: string, count = 15): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** The end of a log file, for a message; says so when there is none. */
export async function endOfLog(log: string): Promise<string> {
  return lastLines(await readFile(log, 'utf8').catch(() => '(no log)'));
}
