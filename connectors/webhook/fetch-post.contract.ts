import type { HttpPost } from './http-post.ts';

/** More of an answer is not even read, nor what takes longer. */
const MOST_BYTES = 64 << 10;
const LONGEST_MS = 1_000;

/** For tests of the sink, which has no client of its own. */
export const fetchPost: HttpPost = async (url, { headers, body, signal }) => {
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  await drain(response);
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
};

/** Read to its end a connection can be used again; one that goes on for too long is closed. Whatever becomes of it, the answer was given. */
async function drain({ body }: Response): Promise<void> {
  if (body === null) return;
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const close = (): Promise<void> => reader.cancel().catch(() => undefined);
  const timer = setTimeout(() => void close(), LONGEST_MS);
  try {
    for (let bytes = 0; bytes <= MOST_BYTES;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
  } catch {
    // It was cut off.
  } finally {
    clearTimeout(timer);
    await close();
  }
}
