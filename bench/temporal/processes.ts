import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const HAND_WRITTEN = fileURLToPath(new URL('./hand-written-worker.ts', import.meta.url));
const RISKFLOW = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export type WorkerProcess = { readonly stop: () => Promise<void> };

export const startHandWritten = (options: object): Promise<WorkerProcess> => started([HAND_WRITTEN, JSON.stringify(options)], process.env);

export const startRiskflowWorker = (environment: NodeJS.ProcessEnv): Promise<WorkerProcess> =>
  started([RISKFLOW, 'worker', '--json', '--http', '127.0.0.1:0'], environment);

/** Resolves once it has said something on standard output: that it is ready. */
async function started(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    void ended.then(() => reject(new Error(`a worker of the bench ended: ${errors.slice(-2000)}`)));
  });
  return { stop: () => stopped(child, ended) };
}

async function stopped(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}
