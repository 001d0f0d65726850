import type { CodeResult } from '../../schemas/core.ts';

export type FailureType = Extract<CodeResult, { readonly ok: false }>['type'];

/** One call, from this program to a Python process; one line of JSON with an id. */
export type PythonCall = {
  readonly code: string;
  /** JSON text of the arguments by name. */
  readonly inputs: string;
  readonly timeoutMs: number;
  /** The most characters of JSON that the result may have. */
  readonly longest: number;
};

/** How a call ended. `missing`: the package that an import did not find. */
export type PythonOutcome =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly type: FailureType; readonly message: string; readonly missing: string | null };

/** What a Python process says, a line each. */
export type PythonMessage =
  | { readonly kind: 'ready'; readonly python: string; readonly snapshotBytes: number }
  /** `outcome` undefined: the interpreter is broken. With `reusable` false the process takes no more calls. */
  | { readonly kind: 'ended'; readonly id: number; readonly outcome: PythonOutcome | undefined; readonly reusable: boolean };

const FAILURE_TYPES: ReadonlySet<unknown> = new Set<FailureType>([
  'CodeExecutionError',
  'CodeTimeoutError',
  'CodeMemoryError',
  'CodeOutputError',
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** Reads a line of a process that ran hostile code: nothing in it is trusted. Undefined when it has not the right form. */
export function readPythonMessage(line: string): PythonMessage | undefined {
  const message = parsed(line);
  if (message === undefined) return undefined;
  const { ready, python, snapshotBytes, id, reply, reusable } = message;
  if (ready === true) {
    const bytes = typeof snapshotBytes === 'number' ? snapshotBytes : 0;
    return typeof python === 'string' ? { kind: 'ready', python: python.slice(0, 100), snapshotBytes: bytes } : undefined;
  }
  if (typeof id !== 'number') return undefined;
  if (reply === null) return { kind: 'ended', id, outcome: undefined, reusable: false };
  const outcome = typeof reply === 'string' ? readReply(reply) : undefined;
  return outcome === undefined ? undefined : { kind: 'ended', id, outcome, reusable: reusable === true };
}

// "R" and the result, or "E" and the failure. The result is JSON of the guest: what it holds is looked at by who reads it.
function readReply(reply: string): PythonOutcome | undefined {
  if (reply.startsWith('R')) return { ok: true, json: reply.slice(1) };
  if (!reply.startsWith('E')) return undefined;
  const { type, message, missing } = parsed(reply.slice(1)) ?? {};
  if (!isFailureType(type) || typeof message !== 'string') return undefined;
  return { ok: false, type, message: message.slice(0, 4000), missing: typeof missing === 'string' && NAME.test(missing) ? missing : null };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

const isFailureType = (value: unknown): value is FailureType => FAILURE_TYPES.has(value);
