import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import { RiskflowError } from '../schemas/core.ts';
import { timeoutMessage } from './failures.ts';
import { readWorkerMessage, type WorkerCall, type WorkerOutcome, type WorkerSettings } from './quickjs-protocol.ts';

// Both forms written out: dead-code checks look for exactly this to know what a worker runs.
const WORKER_URL = import.meta.url.endsWith('.ts')
  ? new URL('./quickjs-worker.ts', import.meta.url)
  : new URL('./quickjs-worker.js', import.meta.url);

const WORKER_STACK_MB = 16;
/** The interpreter polls its deadline; code that keeps it from polling is ended from outside this much later. */
const GRACE_MS = 250;
const START_TIMEOUT_MS = 10_000;

/** A worker thread with an interpreter, for one call at a time. It keeps the process alive while it starts and while it works. */
export type QuickJsThread = {
  /** Resolves when calls can be made. @throws RiskflowError when the thread could not start. */
  ready(): Promise<void>;
  /** Resolves with how the call ended, and whether the thread can take another. */
  call(call: WorkerCall): Promise<EndedCall>;
  /** Ends the thread at once, whatever it does. A call in it ends as a failure. */
  end(): void;
};

export type EndedCall = { readonly outcome: WorkerOutcome; readonly reusable: boolean };

export function startQuickJsThread(settings: WorkerSettings): QuickJsThread {
  const worker = openWorker(settings);
  const started = Promise.withResolvers<undefined>();
  let current = Promise.withResolvers<EndedCall>();
  let gone = false;

  const onGone = (cause: Error): void => {
    gone = true;
    started.reject(new RiskflowError('failed', 'the sandbox for JavaScript could not be started', { cause }));
    current.resolve(GONE);
  };
  started.promise.catch(() => undefined);
  worker.on('error', onGone);
  worker.on('exit', (code) => onGone(new Error(`the thread ended with code ${code}`)));
  worker.on('message', (received: unknown) => {
    const message = readWorkerMessage(received);
    if (message === undefined) void worker.terminate();
    else if (message.kind === 'ready') started.resolve(undefined);
    else current.resolve(message);
  });

  return {
    async ready() {
      const timer = setTimeout(() => onGone(new Error(`it was not ready after ${START_TIMEOUT_MS} ms`)), START_TIMEOUT_MS);
      await started.promise.finally(() => clearTimeout(timer));
    },
    async call(call) {
      if (gone) return GONE;
      const ended = Promise.withResolvers<EndedCall>();
      current = ended;
      const timer = setTimeout(() => {
        ended.resolve({ outcome: { ok: false, type: 'CodeTimeoutError', message: timeoutMessage(call.timeoutMs) }, reusable: false });
      }, call.timeoutMs + GRACE_MS);
      worker.ref();
      worker.postMessage(call);
      return await ended.promise.finally(() => {
        clearTimeout(timer);
        worker.unref();
      });
    },
    end: () => void worker.terminate(),
  };
}

const GONE: EndedCall = {
  outcome: { ok: false, type: 'CodeExecutionError', message: 'The thread that ran the code has ended.' },
  reusable: false,
};

function openWorker(workerData: WorkerSettings): Worker {
  const cacheDir = getCompileCacheDir();
  return new Worker(WORKER_URL, {
    workerData,
    // Nothing of this process is handed on: no environment, no arguments, no flags, no streams. Only where Node keeps compiled code,
    // when the program has it kept: without it a thread spends half of its start on removing types.
    env: cacheDir === undefined ? {} : { NODE_COMPILE_CACHE: cacheDir },
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    name: 'riskflow-quickjs',
    resourceLimits: { stackSizeMb: WORKER_STACK_MB, maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  });
}
