import { messageOf, type OutgoingFailureType, type OutgoingResult } from '../../schemas/index.ts';
import { DialTimeout } from './dial.ts';
import { BadAnswer, LimitReached } from './exchange.ts';

type Failure = Extract<OutgoingResult, { readonly ok: false }>;

/** What a thrown error means, in a sentence that names only where the request went. */
export function failureOf(error: unknown, origin: string, totalMs: number): Failure {
  const failure = (type: OutgoingFailureType, reason: string): Failure => ({ ok: false, type, message: `${origin}: ${reason}`, reason });
  if (error instanceof LimitReached) return failure(error.kind, error.isTotal ? `no whole answer within ${totalMs} ms` : error.message);
  if (error instanceof BadAnswer) return failure('protocol', error.message);
  const root = rootOf(error);
  if (root instanceof DialTimeout) return failure('timeout', root.message);
  const code = codeOf(root);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return failure('size', 'it sends more headers than are read');
  const [type, reason] = [typeOf(code, root), wordsOf(root)];
  return type === 'protocol' ? failure(type, reason) : { ok: false, type, message: `no answer from ${origin} (${reason})`, reason };
}

function typeOf(code: string, error: unknown): OutgoingFailureType {
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout';
  if (code.startsWith('HPE_') || code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'protocol';
  return code === '' && !(error instanceof AggregateError) ? 'protocol' : 'connection';
}

function rootOf(error: unknown): unknown {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error && at.cause instanceof Error && codeOf(at) === ''; depth++) at = at.cause;
  return at;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '');

/** Several addresses tried in vain are one error with many inside. */
const wordsOf = (error: unknown): string =>
  error instanceof AggregateError && error.errors.length > 0 ? error.errors.map(messageOf).join('; ') : messageOf(error);
