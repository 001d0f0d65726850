/**
 * The kinds of trouble a person can be told about. The code is stable (scripts may look at it); the message is one sentence
 * that says what is wrong and where, the hint how to mend it.
 */
export const ErrorCode = {
  /** Wrong use: an argument, option or file content the user must change. Exit code 2. */
  usage: 'usage',
  notFound: 'not_found',
  invalidFile: 'invalid_file',
  invalidFlow: 'invalid_flow',
  invalidInput: 'invalid_input',
  missingKey: 'missing_key',
  unknownModel: 'unknown_model',
  /** Somebody else holds it now: a live owner, other transactions, a server that takes no writes. It passes. Exit code 1. */
  busy: 'busy',
  /** Somebody else goes on with it: the lease has a newer fence. Exit code 1. */
  takenOver: 'taken_over',
  conflict: 'conflict',
  leakage: 'leakage',
  unsupported: 'unsupported',
  /** Work that failed on the way. Exit code 1. */
  failed: 'failed',
  /** A contract inside Riskflow was broken: a bug. Exit code 1. */
  internal: 'internal',
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

const WRONG_USE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'usage',
  'not_found',
  'invalid_file',
  'invalid_flow',
  'invalid_input',
  'missing_key',
  'unknown_model',
  'leakage',
  'unsupported',
]);

/** An error whose text is meant to be read by the person at the keyboard: never a stack, never a secret. */
export class RiskflowError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  constructor(code: ErrorCode, message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RiskflowError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** Works across realms and copies, where instanceof does not. */
export const isRiskflowError = (error: unknown): error is RiskflowError =>
  error instanceof Error && error.name === 'RiskflowError' && 'code' in error;

/** 2 for what the user must change, 1 for work that failed. */
export const exitCodeOf = (error: RiskflowError): 1 | 2 => (WRONG_USE.has(error.code) ? 2 : 1);

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
