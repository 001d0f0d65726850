import { spawn } from 'node:child_process';

export type ProgramRun = {
  /** Null when it could not be started, or was killed. */
  readonly code: number | null;
  readonly out: string;
  /** The end of what it wrote to standard error, or why it could not be started. */
  readonly complaint: string;
};

export type ProgramOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** @default that of this process */
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
};

/** Runs a program to its end. What it prints is kept up to 1 MB. Never rejects. */
export function runProgram(
  command: string,
  args: readonly string[],
  { env, timeoutMs, cwd, onLine, signal }: ProgramOptions,
): Promise<ProgramRun> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      env: { ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      windowsHide: true,
      ...(signal === undefined ? {} : { signal }),
    });
    let out = '';
    let complaint = '';
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      out = (out + text).slice(-1_000_000);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-10_000);
    });
    child.on('error', (error) => resolve({ code: null, out, complaint: error.message }));
    child.on('close', (code) => resolve({ code, out, complaint: complaint.trim() }));
  });
}

/** The last line that says something. */
export const lastLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => line !== '') ?? '';
