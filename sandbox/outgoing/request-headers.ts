import type { HeaderList, OutgoingRequest } from '../../schemas/index.ts';

export type HeadersResult =
  | { readonly ok: true; readonly method: string; readonly list: HeaderList }
  /** Names the header, and not what it holds. */
  | { readonly ok: false; readonly message: string };

/** What the connection decides about, not who asks: a wrong one would let a request be read as two. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Bytes, without control characters but the tab (RFC 9110 §5.5).
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const BODILESS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE']);

/** Method and headers as they are sent, checked; with those that every request has. `brought`: what the body brings, which comes first. */
export function requestHeaders(
  { method, headers = [] }: Pick<OutgoingRequest, 'method' | 'headers'>,
  { brought, encodings }: { readonly brought: HeaderList; readonly encodings: string },
): HeadersResult {
  const verb = method.toUpperCase();
  if (!TOKEN.test(verb) || BODILESS.has(verb))
    return { ok: false, message: `requests with the method "${method.slice(0, 20)}" are not made` };
  const own = new Set(brought.map(([name]) => name.toLowerCase()));
  const given = headers.filter(([name]) => !OF_CONNECTION.has(name.toLowerCase()) && !own.has(name.toLowerCase()));
  for (const [name, value] of given) {
    if (!TOKEN.test(name)) return { ok: false, message: `"${name.slice(0, 40)}" cannot be the name of a header` };
    if (!VALUE.test(value))
      return { ok: false, message: `the header ${name} holds characters that a header cannot hold (line breaks, or beyond Latin-1)` };
  }
  const named = new Set(given.map(([name]) => name.toLowerCase()));
  const standard: HeaderList = [
    ['accept', '*/*'],
    ['accept-encoding', encodings],
    ['user-agent', 'riskflow'],
  ];
  return { ok: true, method: verb, list: [...given, ...brought, ...standard.filter(([name]) => !named.has(name))] };
}
