import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from './http-post.ts';

/** What an answer means for a message. */
export type Judgement =
  | { readonly outcome: 'delivered' }
  /** The receiver will never take it. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string; readonly retryAfterMs: number };

/** Client errors that pass: the receiver was too slow, early or busy. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);
/** Nobody is left alone for longer, whatever it asks for. */
const LONGEST_WAIT_MS = 3_600_000;

/** `now`: milliseconds since 1970, for a Retry-After that names a time. */
export function judgeAnswer({ status, retryAfter }: HttpAnswer, now: number): Judgement {
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  const words = `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  if (status >= 300 && status < 400) {
    const reason = `the receiver answered ${words}, and redirects are not followed: write the address that it leads to`;
    return { outcome: 'failed', reason, retryAfterMs: 0 };
  }
  if (status >= 400 && status < 500 && !PASSING.has(status)) return { outcome: 'refused', reason: `the receiver answered ${words}` };
  return { outcome: 'failed', reason: `the receiver answered ${words}`, retryAfterMs: retryAfterMs(retryAfter, now) };
}

/** Seconds, or a time (RFC 9110 §10.2.3); 0 for anything else. */
function retryAfterMs(text: string | null, now: number): number {
  if (text === null) return 0;
  const ms = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), LONGEST_WAIT_MS);
}
