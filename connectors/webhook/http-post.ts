/** What a receiver answered. Its body is nobody's business: it may repeat what was sent. */
export type HttpAnswer = { readonly status: number; readonly retryAfter: string | null };

/**
 * Posts a text, follows no redirect, and resolves with any answer there is. Rejects when there is none. The one place where webhooks leave
 * the program: a client that guards against addresses inside the network stands in for it.
 */
export type HttpPost = (
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly signal: AbortSignal },
) => Promise<HttpAnswer>;

/** More of an answer is not even read. */
const MOST_BYTES = 64 << 10;

export const fetchPost: HttpPost = async (url, { headers, body, signal }) => {
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  await drain(response);
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
};

/** Read to its end a connection can be used again; one that goes on for too long is closed. */
async function drain({ body }: Response): Promise<void> {
  if (body === null) return;
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const piece of body) {
    bytes += (piece as Uint8Array).byteLength;
    if (bytes > MOST_BYTES) return;
  }
}
