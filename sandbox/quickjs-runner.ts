import type { CodeResult, CodeRunner } from '../schemas/core.ts';
import { inputTooLong, resultTooLong } from './failures.ts';
import { DEFAULT_SANDBOX_LIMITS, LEAST_MEMORY_MB, type SandboxLimits } from './limits.ts';
import { withoutPrototypeKeys } from './prototype-keys.ts';
import type { FailureType, WorkerOutcome } from './quickjs-protocol.ts';
import { startQuickJsThread, type QuickJsThread } from './quickjs-thread.ts';
import { createThreadPool, type ThreadPool } from './thread-pool.ts';

export type QuickJsRunnerOptions = {
  readonly limits?: Partial<SandboxLimits>;
  /** Calls that can run at the same time, each in a thread of its own. @default 2 */
  readonly threads?: number;
  /** A thread is replaced after so many calls. @default 1000 */
  readonly callsPerThread?: number;
};

type Request = Parameters<CodeRunner['run']>[0];

/**
 * Runs JavaScript in QuickJS compiled to WebAssembly, in worker threads that start with the first call and do not keep the
 * process alive. Every call gets a runtime of its own: nothing is left of one for the next. Inputs and results cross as JSON text
 * only, so the code has no object of this process to climb out by; it has no files, network, environment, timers or modules.
 */
export function createQuickJsRunner(options: QuickJsRunnerOptions = {}): Pick<CodeRunner, 'run' | 'close'> {
  const limits: SandboxLimits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
  const settings = { memoryMb: Math.max(limits.memoryMb, LEAST_MEMORY_MB) };
  const pool = createThreadPool<QuickJsThread>({
    size: options.threads ?? 2,
    maxUses: options.callsPerThread ?? 1000,
    start: () => startQuickJsThread(settings),
  });
  return {
    async run(request) {
      const refused = refusal(request, limits);
      if (refused !== undefined) return failure('CodeExecutionError', refused, 0);
      return await runInThread(pool, request, limits);
    },
    async close() {
      pool.close();
    },
  };
}

function refusal(request: Request, limits: SandboxLimits): string | undefined {
  if (request.code.length > limits.maxCodeLength) return inputTooLong('code', request.code.length, limits.maxCodeLength);
  if (request.inputsJson.length > limits.maxInputLength) return inputTooLong('inputs', request.inputsJson.length, limits.maxInputLength);
  return undefined;
}

async function runInThread(pool: ThreadPool<QuickJsThread>, request: Request, limits: SandboxLimits): Promise<CodeResult> {
  const { signal, code, inputsJson } = request;
  const thread = await pool.borrow(signal);
  const onAbort = (): void => thread.end();
  let reusable = false;
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await thread.ready();
    const startedAt = performance.now();
    const { timeoutMs, maxResultLength } = limits;
    const ended = await thread.call({ code, inputsJson, timeoutMs, maxResultLength });
    reusable = ended.reusable;
    return resultOf(ended.outcome, performance.now() - startedAt, limits);
  } finally {
    signal.removeEventListener('abort', onAbort);
    pool.giveBack(thread, reusable && !signal.aborted);
    // An ended thread looks like a failed call; what was asked for is the abort.
    signal.throwIfAborted();
  }
}

function resultOf(outcome: WorkerOutcome, elapsedMs: number, limits: SandboxLimits): CodeResult {
  if (!outcome.ok) return failure(outcome.type, outcome.message.slice(0, 4000), elapsedMs);
  // Checked inside already, but the inside is not trusted.
  if (outcome.json.length > limits.maxResultLength) {
    return failure('CodeOutputError', resultTooLong(outcome.json.length, limits.maxResultLength), elapsedMs);
  }
  const json = withoutPrototypeKeys(outcome.json);
  if (json === undefined) return failure('CodeOutputError', 'What main() returned is not JSON.', elapsedMs);
  return { ok: true, json, elapsedMs };
}

const failure = (type: FailureType, message: string, elapsedMs: number): CodeResult => ({ ok: false, type, message, elapsedMs });
