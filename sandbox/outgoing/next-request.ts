import type { HeaderList } from '../../schemas/index.ts';

export type Asked = {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  readonly body: Uint8Array | null;
};

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'cookie2', 'proxy-authorization', 'www-authenticate']);

/**
 * What a redirect leads to, as browsers do it (https://fetch.spec.whatwg.org/#http-redirect-fetch): 303 makes a GET of all but GET and HEAD, 301
 * and 302 of POST, and the body goes. Another origin, and so http after https, is told no secrets. Null: the answer is no redirect;
 * `broken`: it leads nowhere.
 */
export function nextRequest(
  asked: Asked,
  { status, headers }: { readonly status: number; readonly headers: HeaderList },
  secretHeaders: ReadonlySet<string>,
): Asked | 'broken' | null {
  const location = headers.find(([name]) => name === 'location')?.[1];
  if (!REDIRECTS.has(status) || location === undefined) return null;
  const url = URL.parse(location, asked.url.href);
  if (url === null) return 'broken';
  const becomesGet =
    (status === 303 && asked.method !== 'GET' && asked.method !== 'HEAD') ||
    ((status === 301 || status === 302) && asked.method === 'POST');
  const isOther = url.origin !== asked.url.origin;
  const kept = asked.headers.filter(([given]) => {
    const name = given.toLowerCase();
    if (becomesGet && name.startsWith('content-')) return false;
    return !(isOther && (SECRET_HEADERS.has(name) || secretHeaders.has(name)));
  });
  return {
    method: becomesGet ? 'GET' : asked.method,
    url,
    headers: kept,
    body: becomesGet ? null : asked.body,
  };
}
