import { ResponseTooLargeError, type TextExchange } from '../../models/index.ts';
import { placeOfUrl, type OutgoingClient } from '../../schemas/index.ts';

/** The caller has a time-out of its own that ends a call; this only has to be longer. */
const LONGEST_MS = 3_600_000;

/**
 * What calls to model endpoints leave by, for each endpoint one with connections of its own. The base URL is the operator's word, from the
 * configuration or the environment: its host and port may be anywhere, and nothing else may that is not public. Redirects are not followed.
 */
export function modelExchanges(outgoing: OutgoingClient): (baseUrl: string) => TextExchange {
  const known = new Map<string, TextExchange>();
  return (baseUrl) => {
    const place = placeOfUrl(baseUrl);
    const name = place === undefined ? '' : `${place.host}:${place.port}`;
    const exchange = known.get(name) ?? exchangeBy(outgoing.trusting(place === undefined ? [] : [place]));
    known.set(name, exchange);
    return exchange;
  };
}

const exchangeBy =
  (client: OutgoingClient): TextExchange =>
  async ({ method, url, headers, body, maxBytes, signal }) => {
    const result = await client.send({
      method,
      url,
      // Packing costs more time than it spares with answers as short as these.
      headers: [...Object.entries(headers), ['accept-encoding', 'identity']],
      ...(body === undefined ? {} : { body: { kind: 'bytes', bytes: new TextEncoder().encode(body) } }),
      redirects: 0,
      timeouts: { connect: 10_000, read: LONGEST_MS, write: LONGEST_MS, total: LONGEST_MS },
      maxBodyBytes: maxBytes,
      purpose: 'models',
      signal: signal ?? NEVER,
    });
    if (!result.ok) throw result.type === 'size' ? new ResponseTooLargeError(maxBytes) : new Error(result.reason);
    return { status: result.status, headers: Object.fromEntries(result.headers), text: new TextDecoder().decode(result.body) };
  };

const NEVER = new AbortController().signal;
