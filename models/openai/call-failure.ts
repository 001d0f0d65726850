import { messageOf } from '../../schemas/core.ts';
import { errorText } from './chat-answer.ts';
import { ResponseTooLargeError } from './http-transport.ts';
import { isRetryableStatus, readRetryAfter } from './retry-policy.ts';

/** Why one call failed. `type` is Dify's name for the kind of error. */
export type CallFailure = {
  readonly message: string;
  readonly type: FailureType;
  /** When the same call may succeed: after a short wait; at some other time; or never. */
  readonly again: 'soon' | 'later' | 'never';
  /** How long the endpoint asks to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
};

export type FailureType =
  | 'InvokeAuthorizationError'
  | 'InvokeBadRequestError'
  | 'InvokeRateLimitError'
  | 'InvokeServerUnavailableError'
  | 'InvokeConnectionError'
  | 'InvokeError';

/** An answer with an HTTP status other than success. */
export type RefusedAnswer = { readonly status: number; readonly body: unknown; readonly header: (name: string) => string | null };

/** @param now milliseconds since 1970, for Retry-After dates. */
export function failureOfStatus({ status, body, header }: RefusedAnswer, now: number): CallFailure {
  const said = errorText(body);
  const message = `The model endpoint answered ${status}${said === undefined ? hintFor(status, header) : `: ${said}`}`;
  const again = isRetryableStatus(status) && !isOutOfCredit(body) ? 'soon' : 'never';
  return { message, type: typeOfStatus(status), again, retryAfterMs: readRetryAfter(header, now) };
}

function hintFor(status: number, header: (name: string) => string | null): string {
  if (status >= 300 && status < 400)
    return `, a redirect${header('location') === null ? '' : ` to ${header('location')}`}, which is not followed; set the base URL to where the API is`;
  if (status === 401 || status === 403) return '; is the API key right?';
  if (status === 404) return '; are the base URL (it often ends in /v1) and the name of the model right?';
  return '';
}

function typeOfStatus(status: number): FailureType {
  if (status === 401 || status === 403) return 'InvokeAuthorizationError';
  if (status === 429) return 'InvokeRateLimitError';
  return isRetryableStatus(status) ? 'InvokeServerUnavailableError' : 'InvokeBadRequestError';
}

/** OpenAI says 429 for an empty account too, which no waiting fills. */
const isOutOfCredit = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'code' in body && body.code === 'insufficient_quota';

/** For an answer that is none: a broken endpoint may be mended at some time, a refusal will not change. */
export function failureOfAnswer({ message, refused }: { readonly message: string; readonly refused: boolean }): CallFailure {
  return { message, type: refused ? 'InvokeBadRequestError' : 'InvokeError', again: refused ? 'never' : 'later', retryAfterMs: undefined };
}

/** For a call that got no answer. `timeoutMs` is given when it took too long. */
export function failureOfConnection(error: unknown, timeoutMs?: number): CallFailure {
  const cause = rootCause(error);
  if (cause instanceof ResponseTooLargeError) {
    return { message: `The model endpoint sent too much: ${cause.message}`, type: 'InvokeError', again: 'never', retryAfterMs: undefined };
  }
  const message =
    timeoutMs === undefined
      ? `The call to the model endpoint failed: ${describe(cause)}`
      : `The model endpoint did not answer within ${timeoutMs} ms`;
  return { message, type: 'InvokeConnectionError', again: 'soon', retryAfterMs: undefined };
}

/** Several addresses tried in vain are one error with many inside. */
const describe = (error: unknown): string =>
  error instanceof AggregateError && error.errors.length > 0 ? error.errors.map(messageOf).join('; ') : messageOf(error);

function rootCause(error: unknown): unknown {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error && at.cause !== undefined; depth++) at = at.cause;
  return at;
}

const LONGEST_MESSAGE = 500;

/** A message fit for logs and events: one line of bounded length, without the key, whatever an endpoint echoes. */
export function presentable(message: string, apiKey: string | null): string {
  const hidden =
    apiKey === null
      ? message
      : [apiKey, encodeURIComponent(apiKey)].reduce((text, secret) => text.replaceAll(secret, '[API key]'), message);
  const line = hidden.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}
