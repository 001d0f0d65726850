import type { HttpPost } from '../../connectors/index.ts';
import { placeOfUrl, type OutgoingClient } from '../../schemas/index.ts';

/** Posts webhooks to the place that the operator wrote in the configuration, whatever its address is, and to no other that is not public. */
export function webhookPost(outgoing: OutgoingClient, { url, purpose }: { readonly url: string; readonly purpose: string }) {
  const place = placeOfUrl(url);
  const client = outgoing.trusting(place === undefined ? [] : [place]);
  const post: HttpPost = async (to, { headers, body, timeoutMs, signal }) => {
    const result = await client.send({
      method: 'POST',
      url: to,
      headers: Object.entries(headers),
      body: { kind: 'bytes', bytes: new TextEncoder().encode(body) },
      redirects: 0,
      ignoreBody: true,
      timeouts: { connect: timeoutMs, read: timeoutMs, write: timeoutMs, total: timeoutMs },
      purpose,
      signal,
    });
    if (!result.ok) throw new Error(result.reason);
    return { status: result.status, retryAfter: result.headers.find(([name]) => name === 'retry-after')?.[1] ?? null };
  };
  return { post, close: () => client.close() };
}
