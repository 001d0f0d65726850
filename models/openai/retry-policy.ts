/** How calls that failed are tried again. Times in milliseconds. */
export type RetryPolicy = {
  /** Calls in all, the first included. */
  readonly maxAttempts: number;
  /** Wait after the first failure; it doubles with each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** An endpoint that asks for a longer wait than this is not waited for. */
  readonly maxRetryAfterMs: number;
};

export const DEFAULT_RETRY_POLICY: RetryPolicy = { maxAttempts: 4, firstDelayMs: 500, maxDelayMs: 8_000, maxRetryAfterMs: 60_000 };

/** Statuses after which the same call may succeed: request timeout, conflict, too many requests, and the server's own errors. */
export const isRetryableStatus = (status: number): boolean => status === 408 || status === 409 || status === 429 || status >= 500;

/**
 * What an endpoint asks for: `retry-after-ms` (OpenAI's own), or `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3).
 *
 * @param now milliseconds since 1970. @returns milliseconds, or undefined when it asks for nothing or nothing readable.
 */
export function readRetryAfter(header: (name: string) => string | null, now: number): number | undefined {
  const milliseconds = readNumber(header('retry-after-ms'));
  if (milliseconds !== undefined) return milliseconds;
  const text = header('retry-after');
  const seconds = readNumber(text);
  if (seconds !== undefined) return seconds * 1000;
  const date = text === null ? NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function readNumber(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/**
 * How long to wait after a failed attempt, or undefined to give up.
 *
 * @param attempt the attempt that failed, from 1. @param retryAfterMs what the endpoint asked for.
 * @param jitter from 0 to 1: that share of a quarter of the delay is added, so that many callers do not come back together.
 */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  { retryAfterMs, jitter }: { readonly retryAfterMs: number | undefined; readonly jitter: number },
): number | undefined {
  if (attempt >= policy.maxAttempts) return undefined;
  if (retryAfterMs !== undefined) return retryAfterMs <= policy.maxRetryAfterMs ? retryAfterMs : undefined;
  const delay = Math.min(policy.firstDelayMs * 2 ** (attempt - 1), policy.maxDelayMs);
  return delay + (delay / 4) * jitter;
}
