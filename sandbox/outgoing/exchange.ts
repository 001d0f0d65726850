import type { Dispatcher } from 'undici';
import type { HeaderList, OutgoingHead } from '../../schemas/index.ts';

export type Hop = {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  readonly body: Uint8Array | null;
  /** Milliseconds; `total` is what is left of it. */
  readonly timeouts: { readonly connect: number; readonly read: number; readonly write: number; readonly total: number };
  readonly maxBodyBytes: (head: OutgoingHead) => number;
  /** The answer is there with its head; the body is only read so that the connection can be used again. */
  readonly ignoreBody: boolean;
  readonly signal: AbortSignal;
};
export type Answer = OutgoingHead & { readonly body: Uint8Array };

/** A limit that was reached: what it is about, and a sentence. */
export class LimitReached extends Error {
  readonly kind: 'timeout' | 'size';
  /** It is the time for all of the request and its redirects. */
  readonly isTotal: boolean;
  constructor(kind: 'timeout' | 'size', message: string, isTotal = false) {
    super(message);
    this.name = 'LimitReached';
    this.kind = kind;
    this.isTotal = isTotal;
  }
}

/** What came is not what it says it is: a sentence about it. */
export class BadAnswer extends Error {}

/**
 * One request and its whole answer over an undici dispatcher, without redirects. Rejects with LimitReached, the reason of the signal, or
 * whatever the connection failed with.
 */
export function exchange(dispatcher: Dispatcher, hop: Hop): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, url, headers, body, timeouts, maxBodyBytes, ignoreBody, signal } = hop;
    let controller: Dispatcher.DispatchController | undefined;
    let head: OutgoingHead | undefined;
    let limit = 0;
    let size = 0;
    let ended: Error | undefined;
    let phase: NodeJS.Timeout | undefined;
    let drain: NodeJS.Timeout | undefined;
    let received = Buffer.alloc(0);

    const settle = (then: () => void): void => {
      clearTimeout(phase);
      clearTimeout(total);
      signal.removeEventListener('abort', onAbort);
      then();
    };
    const end = (error: Error): void => {
      if (ended !== undefined) return;
      ended = error;
      controller?.abort(error);
      settle(() => reject(error));
    };
    const ignore = (given: Dispatcher.DispatchController, got: OutgoingHead): void => {
      ended = IGNORED;
      drain = setTimeout(() => given.abort(IGNORED), LONGEST_IGNORED_MS);
      settle(() => resolve({ ...got, body: new Uint8Array() }));
    };
    const onAbort = (): void => end(signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason }));
    const wait = (what: keyof typeof WAITS): void => {
      clearTimeout(phase);
      phase = setTimeout(() => end(new LimitReached('timeout', `${WAITS[what]} within ${timeouts[what]} ms`)), timeouts[what]);
    };
    const total = setTimeout(() => end(new LimitReached('timeout', 'it took too long in all', true)), timeouts.total);

    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    wait('connect');
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (given) => {
        controller = given;
        if (ended === undefined) wait('write');
        else given.abort(ended);
      },
      onRequestSent: () => {
        if (ended === undefined && head === undefined) wait('read');
      },
      onResponseStart: (given, status, incoming) => {
        // 1xx: the answer is yet to come.
        if (status < 200) return;
        controller = given;
        head = { status, headers: headerList(incoming), finalUrl: url.href };
        if (ignoreBody) return ignore(given, head);
        limit = maxBodyBytes(head);
        wait('read');
        const announced = Number(incoming['content-length']);
        if (method !== 'HEAD' && announced > limit) end(tooLarge(limit));
      },
      onResponseData: (given, chunk) => {
        size += chunk.length;
        if (ignoreBody) {
          if (size > MOST_IGNORED_BYTES) given.abort(IGNORED);
          return;
        }
        if (size > limit) return end(tooLarge(limit));
        received = appended(received, { size: size - chunk.length, chunk, limit });
        // Not a new one: an answer may come byte by byte.
        phase?.refresh();
      },
      onResponseEnd: () => {
        clearTimeout(drain);
        if (ended !== undefined || ignoreBody) return;
        const got = head;
        if (got === undefined) return end(new BadAnswer('the answer has no head'));
        settle(() => resolve({ ...got, body: received.subarray(0, size) }));
      },
      onResponseError: (_given, error) => {
        clearTimeout(drain);
        end(error);
      },
    };
    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method,
          headers: headers.flat(),
          body,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        handler,
      );
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

const FIRST_BYTES = 16 << 10;

/**
 * Bytes that came, with room for more behind them. They are copied, for a piece may be a single byte, and as an object of its own take a
 * hundred times as much.
 */
function appended(
  received: Buffer<ArrayBuffer>,
  { size, chunk, limit }: { readonly size: number; readonly chunk: Buffer; readonly limit: number },
): Buffer<ArrayBuffer> {
  const needed = size + chunk.length;
  const room = needed <= received.length ? received : Buffer.alloc(Math.max(needed, Math.min(limit, Math.max(FIRST_BYTES, 2 * needed))));
  if (room !== received) received.copy(room, 0, 0, size);
  chunk.copy(room, size);
  return room;
}

const MOST_IGNORED_BYTES = 64 << 10;
const LONGEST_IGNORED_MS = 1_000;
const IGNORED = new Error('the rest of the answer is of no interest');

const WAITS = { connect: 'no connection', write: 'the request could not be sent', read: 'nothing more came' } as const;

export const tooLarge = (limit: number): LimitReached => new LimitReached('size', `the answer is larger than ${limit} bytes`);

const headerList = (headers: Readonly<Record<string, string | readonly string[] | undefined>>): HeaderList =>
  Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : typeof value === 'string' ? [[name.toLowerCase(), value]] : value.map((one) => [name.toLowerCase(), one]),
  );
