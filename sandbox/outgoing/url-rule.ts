import { portOf, type HostAndPort } from '../../schemas/index.ts';
import { addressProblem, literalAddress } from './address-rule.ts';

/** What URLs may lead to. */
export type UrlPolicy = {
  /** `host:port` of the operator's list, as URLs spell them. */
  readonly listed: ReadonlySet<string>;
  /** Ports of places that are not listed. */
  readonly ports: ReadonlySet<number>;
};

export const STANDARD_PORTS: readonly number[] = [80, 443, 8080, 8443];

export type UrlRefusal = {
  readonly reason: string;
  /** Where it leads, for messages; null where that cannot be told. */
  readonly place: string | null;
  readonly address: string | null;
  /** What an operator could list so that it passes; null where that is of no use. */
  readonly listable: string | null;
};

/** `listed`: the operator's list has it, so that any address will do. `address`: the host is one, so that nothing is looked up. */
export type CheckedUrl =
  | { readonly ok: true; readonly url: URL; readonly port: number; readonly listed: boolean; readonly address: string | null }
  | ({ readonly ok: false } & UrlRefusal);

const RESERVED = ['.localhost', '.local', '.internal'];

export const placeName = ({ host, port }: HostAndPort): string => `${host}:${port}`;

/** Checks a URL before it is asked: everything but the addresses that its name has, which are checked when it is connected to. */
export function checkUrl(given: string | URL, { listed, ports }: UrlPolicy): CheckedUrl {
  const url = typeof given === 'string' ? URL.parse(given) : given;
  const refuse = (reason: string, { address = null, listable = null }: Partial<UrlRefusal> = {}): CheckedUrl => ({
    ok: false,
    reason,
    address,
    listable,
    place: url === null || url.host === '' ? null : `${url.protocol}//${url.host}`,
  });
  if (url === null) return refuse('it is no URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse(`its scheme is ${url.protocol.slice(0, -1)}, not http or https`);
  if (url.username !== '' || url.password !== '') return refuse('it holds a user name or a password, which belong into a header');
  const port = portOf(url);
  const address = literalAddress(url.hostname) ?? null;
  const listable = placeName({ host: url.hostname, port });
  if (listed.has(listable)) return { ok: true, url, port, listed: true, address };
  const problem = address === null ? nameProblem(url.hostname) : addressProblem(address);
  if (problem !== undefined) return refuse(address === null ? problem : `it leads to ${address}, ${problem}`, { address, listable });
  if (!ports.has(port)) return refuse(`its port is ${port}, and only ${[...ports].join(', ')} are open`, { address, listable });
  return { ok: true, url, port, listed: false, address };
}

function nameProblem(hostname: string): string | undefined {
  if (hostname.endsWith('.')) return 'its host ends in a dot';
  if (hostname === 'localhost' || RESERVED.some((ending) => hostname.endsWith(ending))) return `${hostname} is a name of this network`;
  if (!hostname.includes('.')) return `${hostname} is a name without a domain, as only this network has them`;
  return undefined;
}
