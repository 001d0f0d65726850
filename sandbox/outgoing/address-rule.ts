import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Addresses that look public and lead into the network of a cloud all the same. */
const DENIED: ReadonlyMap<string, string> = new Map([['168.63.129.16', "it is the host's own service in Azure"]]);

/** Of IPv6 only this part is given to anybody (RFC 4291, IANA: Global Unicast). */
const GLOBAL_UNICAST: readonly [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * Why an address is not one of the public internet, in words that go on from "it leads to ADDRESS, ". Undefined for a public one. An IPv4
 * address within IPv6 (::ffff:a.b.c.d) counts as what it is.
 */
export function addressProblem(text: string): string | undefined {
  const address = parse(text);
  if (address === undefined) return 'which is no address';
  const denied = DENIED.get(address.toString());
  if (denied !== undefined) return denied;
  const range = address.range();
  if (range !== 'unicast') return `which is not public (${WORDS[range] ?? range})`;
  if (address instanceof ipaddr.IPv6 && !address.match(...GLOBAL_UNICAST)) return 'which is not public (not in 2000::/3)';
  return undefined;
}

/**
 * ipaddr.js alone would also take 1.2.3, and read ::1.2.3.4 as ::ffff:1.2.3.4. Therefore Node says what an address is, and the parser of URLs
 * spells one of IPv6 in hexadecimal alone.
 */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (isIP(text) === 0) return undefined;
  if (isIPv4(text)) return ipaddr.IPv4.parse(text);
  const [bare = ''] = text.split('%');
  const spelled = URL.parse(`http://[${bare}]/`)?.hostname.slice(1, -1);
  return spelled === undefined ? undefined : ipaddr.process(spelled);
}

const WORDS: Readonly<Record<string, string>> = {
  unspecified: 'the machine itself',
  loopback: 'the machine itself',
  private: 'a private network',
  uniqueLocal: 'a private network',
  linkLocal: 'link-local, where clouds keep their credentials',
  carrierGradeNat: "a carrier's network",
  ipv4Mapped: 'IPv4 within IPv6',
  rfc6052: 'NAT64',
  rfc6145: 'IPv4 within IPv6',
  '6to4': '6to4',
  teredo: 'Teredo',
};

/** One spelling for each address: `::FFFF:127.0.0.1` and `127.0.0.1` are the same. */
export const canonicalAddress = (text: string): string => parse(text)?.toString() ?? text;

/** The address that the host of a URL is; undefined where it is a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}
