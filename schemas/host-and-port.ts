import type { HostAndPort } from './ports/outgoing.ts';

/**
 * Reads `host:port` as operators write it: `models.internal:8000`, `10.0.0.5:8080`, `[fd00::5]:443`. The host comes out as a URL would
 * spell it. @returns undefined when it is none
 */
export function readHostAndPort(text: string): HostAndPort | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/@?#[\]\\]+):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535) return undefined;
  const url = URL.parse(`http://${match[1]}/`);
  return url === null || url.hostname === '' || url.hostname.includes('*') ? undefined : { host: url.hostname, port };
}

/** Where an http(s) URL leads; undefined for any other text. */
export function placeOfUrl(text: string): HostAndPort | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  return { host: url.hostname, port: portOf(url) };
}

/** The port of an http(s) URL, also where it is left out. */
export const portOf = (url: URL): number => (url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port));
