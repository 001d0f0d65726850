import { RiskflowError, type CodeResult, type CodeRunner } from '../../schemas/core.ts';
import { inputTooLong, resultTooLong } from '../failures.ts';
import type { SandboxLimits } from '../limits.ts';
import { withoutPrototypeKeysExactly } from '../prototype-keys.ts';
import type { PythonBackend, PythonChoice } from './backend.ts';
import { launchCpython } from './cpython-launch.ts';
import { missingPackage } from './missing-package.ts';
import { startPythonProcess, type PythonProcess } from './process.ts';
import type { FailureType, PythonOutcome } from './protocol.ts';
import { launchPyodide } from './pyodide-launch.ts';
import { createScopedPool, type ScopedPool } from './scoped-pool.ts';

export type PythonRunnerOptions = {
  readonly limits: SandboxLimits;
  /** Processes at the same time, over all workspaces and flow versions. */
  readonly processes: number;
  readonly callsPerProcess: number;
  readonly idleMs: number;
  /** Asked once, when the first code comes. */
  readonly choose: () => Promise<PythonChoice>;
};

type Request = Parameters<CodeRunner['run']>[0];
type Runnable = Exclude<PythonBackend, { kind: 'none' }>;

/** Runs Python on the backend that was chosen. A process serves one workspace and flow version only. */
export type PythonRunner = {
  run(request: Request): Promise<CodeResult>;
  choice(): Promise<PythonChoice>;
  close(): void;
};

const GROW_AFTER_MS = 300;
const TURN_MS = 3000;

export function createPythonRunner(options: PythonRunnerOptions): PythonRunner {
  const { limits } = options;
  let choice: Promise<PythonChoice> | undefined;
  let pool: ScopedPool<PythonProcess> | undefined;
  let closed = false;
  const choose = (): Promise<PythonChoice> => (choice ??= options.choose());
  const poolOf = (backend: Runnable): ScopedPool<PythonProcess> =>
    (pool ??= createScopedPool({
      size: options.processes,
      maxUses: options.callsPerProcess,
      idleMs: options.idleMs,
      growAfterMs: GROW_AFTER_MS,
      turnMs: TURN_MS,
      start: () => startPythonProcess(launchOf(backend, limits.pythonMemoryMb)),
    }));
  return {
    choice: choose,
    async run(request) {
      const tooLarge = tooLong(request, limits);
      if (tooLarge !== undefined) return failure('CodeExecutionError', tooLarge, 0);
      const { backend } = await choose();
      request.signal.throwIfAborted();
      if (backend.kind === 'none') return failure('CodeExecutionError', backend.why, 0);
      if (closed) throw new RiskflowError('failed', 'the sandbox is closed');
      return await runInProcess(poolOf(backend), backend, { request, limits });
    },
    close() {
      closed = true;
      pool?.close();
    },
  };
}

const launchOf = (backend: Runnable, memoryMb: number): Parameters<typeof startPythonProcess>[0] =>
  backend.kind === 'pyodide' ? launchPyodide(backend, memoryMb) : launchCpython(backend, memoryMb);

function tooLong({ code, inputsJson }: Request, limits: SandboxLimits): string | undefined {
  if (code.length > limits.maxCodeLength) return inputTooLong('code', code.length, limits.maxCodeLength);
  if (inputsJson.length > limits.maxInputLength) return inputTooLong('inputs', inputsJson.length, limits.maxInputLength);
  return undefined;
}

async function runInProcess(
  pool: ScopedPool<PythonProcess>,
  backend: Runnable,
  { request, limits }: { readonly request: Request; readonly limits: SandboxLimits },
): Promise<CodeResult> {
  const { signal, code, inputsJson } = request;
  const python = await startedProcess(pool, request);
  const onAbort = (): void => python.end();
  let reusable = false;
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const startedAt = performance.now();
    const ended = await python.call({ code, inputs: inputsJson, timeoutMs: limits.timeoutMs, longest: limits.maxResultLength });
    reusable = ended.reusable;
    return resultOf(ended.outcome, { backend, limits, elapsedMs: performance.now() - startedAt });
  } finally {
    signal.removeEventListener('abort', onAbort);
    pool.giveBack(python, reusable && !signal.aborted);
    // An ended process looks like a failed call; what was asked for is the abort.
    signal.throwIfAborted();
  }
}

const STARTS = 2;

/** A process that is ready. One that did not start is tried again: what it started from is made anew then. */
async function startedProcess(pool: ScopedPool<PythonProcess>, request: Request): Promise<PythonProcess> {
  const { signal } = request;
  for (let tries = 1; ; tries += 1) {
    const python = await pool.borrow(scopeOf(request), signal);
    const onAbort = (): void => python.end();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await python.ready();
      return python;
    } catch (error) {
      pool.giveBack(python, false);
      signal.throwIfAborted();
      if (tries === STARTS) throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** Who a process serves. Code that comes without an owner shares a process with nothing but itself. */
const scopeOf = ({ scope, code }: Request): string =>
  JSON.stringify(scope === undefined ? ['code', code] : ['version', scope.workspaceId, scope.flowVersion]);

type Circumstances = { readonly backend: Runnable; readonly limits: SandboxLimits; readonly elapsedMs: number };

function resultOf(outcome: PythonOutcome, { backend, limits, elapsedMs }: Circumstances): CodeResult {
  if (!outcome.ok) {
    const { type, message, missing } = outcome;
    return failure(type, missing === null ? message : missingPackage(missing, { message, backend }), elapsedMs);
  }
  // Checked inside already, but the inside is not trusted.
  if (outcome.json.length > limits.maxResultLength) {
    return failure('CodeOutputError', resultTooLong(outcome.json.length, limits.maxResultLength), elapsedMs);
  }
  const json = withoutPrototypeKeysExactly(outcome.json);
  if (json === undefined) return failure('CodeOutputError', 'What main() returned is not JSON, or nests too deeply.', elapsedMs);
  return { ok: true, json, elapsedMs };
}

const failure = (type: FailureType, message: string, elapsedMs: number): CodeResult => ({ ok: false, type, message, elapsedMs });
