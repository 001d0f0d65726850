import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { RiskflowError } from '../../schemas/core.ts';
import { timeoutMessage } from '../failures.ts';
import type { Launch } from './launch.ts';
import { beginSnapshot, discardSnapshot } from './snapshot.ts';
import { readPythonMessage, type FailureType, type PythonCall, type PythonOutcome } from './protocol.ts';
import { tooMuch } from './watch.ts';

/** A process with a Python in it, for one call at a time. It keeps this program alive only while it starts and while it works. */
export type PythonProcess = {
  /** Resolves with the version of its interpreter when calls can be made. @throws RiskflowError when it could not start */
  ready(): Promise<string>;
  /** Resolves with how the call ended, and whether the process can take another. */
  call(call: PythonCall): Promise<EndedCall>;
  /** Ends the process at once, whatever it does. A call in it ends as a failure. */
  end(): void;
};

export type EndedCall = { readonly outcome: PythonOutcome; readonly reusable: boolean };

const START_TIMEOUT_MS = 60_000;
const WATCH_MS = 100;

export function startPythonProcess(launch: Launch): PythonProcess {
  const making = beginSnapshot(launch.snapshot);
  const child = open(launch, making?.descriptor);
  making?.close();
  const { stdin, stdout, stderr } = child;
  const lifeline = child.stdio[3] as Readable;
  const started = Promise.withResolvers<string>();
  let current: { readonly id: number; readonly ended: PromiseWithResolvers<EndedCall>; readonly most: number } | undefined;
  let gone: EndedCall | undefined;
  let calls = 0;
  let pid: number | undefined;
  let complaint = '';
  let isReady = false;

  const end = (outcome: EndedCall = GONE): void => {
    if (gone !== undefined) return;
    gone = outcome;
    if (!isReady) making?.finish(0);
    started.reject(cannotStart(complaint));
    current?.ended.resolve(outcome);
    // A jail takes along what is in it. The shell of a lifeline must live to do the same, which it does when its pipe closes.
    if (launch.endsBy === 'signal') child.kill('SIGKILL');
    for (const stream of [stdin, stdout, stderr, lifeline]) stream.destroy();
  };
  /** It ended by itself. One that could not even start may have been given a damaged snapshot. */
  const onDeath = (): void => {
    if (!isReady && gone === undefined && launch.snapshot?.isMade === true) discardSnapshot(launch.snapshot);
    end();
  };
  const onLine = (line: string): void => {
    const message = readPythonMessage(line);
    if (message?.kind === 'ready' && !isReady) {
      isReady = true;
      making?.finish(message.snapshotBytes);
      started.resolve(message.python);
    } else if (message?.kind === 'ended' && message.id === current?.id && message.outcome !== undefined)
      current.ended.resolve({ outcome: message.outcome, reusable: message.reusable });
    else end(message?.kind === 'ended' ? BROKEN : FORGED);
  };

  started.promise.catch(() => undefined);
  for (const stream of [stdin, stdout, stderr, lifeline]) stream.on('error', () => undefined);
  child.on('error', (error) => {
    complaint = error.message;
    end();
  });
  child.on('exit', () => setImmediate(onDeath));
  stdout.on('close', onDeath);
  readLines(stdout, { most: () => current?.most ?? 1000, onLine, onTooLong: () => end(TOO_LONG) });
  stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-2000);
  });
  let told = '';
  lifeline.on('data', (chunk: Buffer) => {
    told = (told + chunk.toString('utf8')).slice(0, 1000);
    pid ??= Number(/"child-pid": (\d+)/.exec(told)?.[1] ?? Number.NaN) || undefined;
  });
  stdin.write(`${JSON.stringify(launch.settings(making === null ? null : MAKING_DESCRIPTOR))}\n`);

  const hold = (held: boolean): void => {
    for (const one of [child, ...[stdin, stdout, stderr, lifeline].filter(({ destroyed }) => !destroyed)]) {
      const handle = one as { ref?(): void; unref?(): void };
      if (held) handle.ref?.();
      else handle.unref?.();
    }
  };

  return {
    async ready() {
      const timer = setTimeout(() => {
        complaint = `it was not ready after ${START_TIMEOUT_MS / 1000} s`;
        end();
      }, START_TIMEOUT_MS);
      try {
        return await started.promise;
      } finally {
        clearTimeout(timer);
        hold(false);
      }
    },
    async call(call) {
      if (gone !== undefined) return gone;
      calls += 1;
      const ended = Promise.withResolvers<EndedCall>();
      current = { id: calls, ended, most: 6 * call.longest + 100_000 };
      hold(true);
      const limit = call.timeoutMs + launch.graceMs;
      const timer = setTimeout(() => end(failed('CodeTimeoutError', timeoutMessage(call.timeoutMs))), limit);
      const watch = setInterval(
        () => void tooMuch(pid, launch).then((message) => message && end(failed('CodeMemoryError', message))),
        WATCH_MS,
      );
      stdin.write(`${JSON.stringify({ id: calls, ...call })}\n`);
      try {
        return await ended.promise;
      } finally {
        clearTimeout(timer);
        clearInterval(watch);
        current = undefined;
        hold(false);
      }
    },
    end: () => end(),
  };
}

const failed = (type: FailureType, message: string): EndedCall => ({
  outcome: { ok: false, type, message, missing: null },
  reusable: false,
});
const GONE = failed('CodeExecutionError', 'The process that ran the code has ended.');
const BROKEN = failed('CodeExecutionError', 'The code ended Python, or broke it.');
const FORGED = failed('CodeExecutionError', 'The process that ran the code answered with something else than a result.');
const TOO_LONG = failed('CodeOutputError', 'What main() returned is too large.');

type Opened = ChildProcess & {
  readonly stdin: NonNullable<ChildProcess['stdin']>;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

/** Where the process finds the file of its snapshot, among what is handed on to it. */
const MAKING_DESCRIPTOR = 4;

const open = ({ command, args }: Launch, making: number | undefined): Opened =>
  // Nothing of this process is handed on. The two variables keep Windows' system libraries findable.
  spawn(command, [...args], {
    env: process.platform === 'win32' ? { SystemRoot: process.env['SystemRoot'], TEMP: process.env['TEMP'] } : {},
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', ...(making === undefined ? [] : [making])],
    windowsHide: true,
  }) as Opened;

function cannotStart(complaint: string): RiskflowError {
  const lines = complaint.trim().split('\n');
  const why = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  return new RiskflowError('failed', `the sandbox for Python could not be started${why === '' ? '' : `: ${why}`}`, {
    hint: 'riskflow doctor looks at what it needs',
  });
}

type LineReading = { readonly most: () => number; readonly onLine: (line: string) => void; readonly onTooLong: () => void };

/** Hands on lines of UTF-8 text, and gives up at one that has more bytes than it may. */
function readLines(stream: Readable, { most, onLine, onTooLong }: LineReading): void {
  let parts: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at));
      from = at + 1;
      const line = Buffer.concat(parts);
      parts = [];
      length = 0;
      onLine(line.toString('utf8'));
    }
    if (from === chunk.length) return;
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > most()) onTooLong();
  });
}
