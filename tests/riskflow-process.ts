import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE, keptRiskflow } from './kept-riskflow.ts';

export const PROJECT = fileURLToPath(new URL('../', import.meta.url));
const MAIN = join(PROJECT, 'cli', 'main.ts');

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type Started = { readonly child: ChildProcess; readonly finished: Promise<Finished> };

/** Environment of a test's processes: nothing of the developer's own settings; what was compiled is kept between starts, as the launcher does. */
export function testEnvironment(dataFolder: string, extra: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const { PATH = '', SystemRoot = '', HOME = '', TMPDIR } = process.env;
  const own = { RISKFLOW_DATA: dataFolder, NO_COLOR: '1', NODE_COMPILE_CACHE: COMPILE_CACHE };
  return { PATH, SystemRoot, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...own, ...extra };
}

/** Starts the real program in a process of its own. */
export function startRiskflow(args: readonly string[], environment: Readonly<Record<string, string>>, cwd: string = PROJECT): Started {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env: environment,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, finished };
}

/** Runs a command to its end, in a process that is kept for the next one. */
export const riskflow = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string = PROJECT,
): Promise<Finished> => keptRiskflow({ args, environment, folder: cwd });

/** A folder that is gone after the callback. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-test-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
