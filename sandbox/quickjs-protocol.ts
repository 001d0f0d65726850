import type { CodeResult } from '../schemas/core.ts';

/** What a worker thread is told when it starts. */
export type WorkerSettings = { readonly memoryMb: number };

/** One call, from the runner to a worker thread. */
export type WorkerCall = {
  readonly code: string;
  readonly inputsJson: string;
  readonly timeoutMs: number;
  readonly maxResultLength: number;
};

/** How a call ended inside a worker: a `CodeResult` without the time, which only the runner measures. */
export type WorkerOutcome =
  { readonly ok: true; readonly json: string } | { readonly ok: false; readonly type: FailureType; readonly message: string };

export type FailureType = Extract<CodeResult, { readonly ok: false }>['type'];

/** From a worker thread to the runner. */
export type WorkerMessage =
  /** The interpreter is loaded. */
  | { readonly kind: 'ready' }
  /** A call ended and was cleaned up. With `reusable` false the interpreter may be damaged: throw the worker away. */
  | { readonly kind: 'ended'; readonly outcome: WorkerOutcome; readonly reusable: boolean };

const FAILURE_TYPES: ReadonlySet<unknown> = new Set<FailureType>([
  'CodeExecutionError',
  'CodeTimeoutError',
  'CodeMemoryError',
  'CodeOutputError',
]);

/**
 * Reads a message of a worker. A worker ran hostile code, so nothing it says is trusted to have the right form.
 * Undefined when it has not.
 */
export function readWorkerMessage(message: unknown): WorkerMessage | undefined {
  if (!isRecord(message)) return undefined;
  if (message['kind'] === 'ready') return { kind: 'ready' };
  if (message['kind'] !== 'ended') return undefined;
  const outcome = readOutcome(message['outcome']);
  return outcome === undefined ? undefined : { kind: 'ended', outcome, reusable: message['reusable'] === true };
}

function readOutcome(outcome: unknown): WorkerOutcome | undefined {
  if (!isRecord(outcome)) return undefined;
  const { ok, json, type, message } = outcome;
  if (ok === true) return typeof json === 'string' ? { ok, json } : undefined;
  if (ok !== false || typeof message !== 'string' || !isFailureType(type)) return undefined;
  return { ok, type, message };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isFailureType = (value: unknown): value is FailureType => FAILURE_TYPES.has(value);
