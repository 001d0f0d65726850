import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { OutgoingAudit, OutgoingClient } from '../schemas/index.ts';
import { hasShared, needsShared, sharedText } from './shared-data.ts';
import type { Dial, DialTarget } from '../sandbox/outgoing/dial.ts';
import { createOutgoingClient } from '../sandbox/outgoing/outgoing-client.ts';
import { startTestServer, type TestServer } from '../sandbox/outgoing/test-server.contract.ts';

const caseSchema = z.object({
  url: z.string(),
  expect: z.enum(['block', 'allow']),
  why: z.string(),
  /** The answers of a name at successive look-ups. */
  dns: z.record(z.string(), z.array(z.array(z.string()))).optional(),
  /** The Location of each answer in turn. */
  redirect: z.array(z.string()).optional(),
});
type Case = z.output<typeof caseSchema>;

const block = (url: string, why: string, more: Partial<Case> = {}): Case => ({ url, why, expect: 'block', ...more });
const allow = (url: string, why: string, more: Partial<Case> = {}): Case => ({ url, why, expect: 'allow', ...more });
const PUBLIC = '93.184.215.14';

const OWN: readonly Case[] = [
  block('http://127.1/', 'a short form of loopback'),
  block('http://0x7f.0.0.1/', 'hexadecimal'),
  block('http://017700000001/', 'one octal number'),
  block('http://0.0.0.0:8080/', 'any address'),
  block('http://[::]/', 'any address, IPv6'),
  block('http://[::ffff:a00:1]/', 'a private address within IPv6, in hexadecimal'),
  block('http://[0:0:0:0:0:ffff:7f00:1]/', 'loopback within IPv6, written out'),
  block('http://[64:ff9b::7f00:1]/', 'NAT64 of loopback'),
  block('http://[64:ff9b:1::1]/', 'NAT64 of a network of its own'),
  block('http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/', 'Teredo'),
  block('http://[fec0::1]/', 'site-local, as it was'),
  block('http://[ff02::1]/', 'multicast IPv6'),
  block('http://[100::1]/', 'discard only'),
  block('http://[4000::1]/', 'IPv6 that nobody has'),
  block('http://10.1.2.3/', 'private'),
  block('http://100.64.0.1/', "a carrier's network"),
  block('http://100.100.100.200/', 'the credentials of another cloud'),
  block('http://169.254.169.254/latest/meta-data/', 'the credentials of a cloud'),
  block('http://192.0.0.192/', 'and of another'),
  block('http://203.0.113.9/', 'for documentation'),
  block('http://255.255.255.255/', 'broadcast'),
  block('http://127.0.0.1%00.example.com/', 'a NUL within'),
  block('http://[fe80::1%25eth0]/', 'with a zone'),
  block('http://localhost/', 'the machine itself'),
  block('http://a.localhost:8080/', 'so too'),
  block('http://printer.local/', 'a name of this network'),
  block('http://example.com./', 'a dot at the end'),
  block('http://user:secret@example.com/', 'user and password', { dns: { 'example.com': [[PUBLIC]] } }),
  block('http://example.com:22/', 'a port of another service', { dns: { 'example.com': [[PUBLIC]] } }),
  block('https://example.com:80000/', 'no port at all'),
  block('gopher://example.com/', 'scheme'),
  block('//example.com/', 'no scheme'),
  block('javascript:alert(1)', 'scheme'),
  block('', 'nothing'),
  block('http://six.test/', 'loopback of IPv6', { dns: { 'six.test': [['::1']] } }),
  block('http://six.test/', 'one public and one private, IPv6', { dns: { 'six.test': [['2606:4700::1', 'fd00::1']] } }),
  block('http://none.test/', 'a name that has no address', { dns: { 'none.test': [[]] } }),
  block('http://many.test/', 'one of many is private', { dns: { 'many.test': [[PUBLIC, '8.8.8.8', '1.1.1.1', '192.168.0.1']] } }),
  block('http://turn.test/a', 'the second look-up leads inside', {
    dns: { 'turn.test': [[PUBLIC], ['127.0.0.1']], 'other.test': [[PUBLIC]] },
    redirect: ['http://other.test/', 'http://turn.test/b'],
  }),
  block('http://hop.test/', 'a redirect to a literal', { dns: { 'hop.test': [[PUBLIC]] }, redirect: ['http://169.254.169.254/'] }),
  block('http://hop.test/', 'a redirect to loopback, written as one number', {
    dns: { 'hop.test': [[PUBLIC]] },
    redirect: ['//2130706433/'],
  }),
  block('http://hop.test/', 'the third redirect leads inside', {
    dns: { 'hop.test': [[PUBLIC]] },
    redirect: ['/a', '/b', 'http://[::1]/'],
  }),
  block('http://hop.test/', 'a redirect to another port', { dns: { 'hop.test': [[PUBLIC]] }, redirect: ['http://hop.test:25/'] }),
  block('http://hop.test/', 'a redirect with a password', { dns: { 'hop.test': [[PUBLIC]] }, redirect: ['http://a:b@hop.test/'] }),
  block('http://hop.test/', 'six redirects', { dns: { 'hop.test': [[PUBLIC]] }, redirect: ['/1', '/2', '/3', '/4', '/5', '/6'] }),
  allow('http://hop.test/', 'five redirects', { dns: { 'hop.test': [[PUBLIC]] }, redirect: ['/1', '/2', '/3', '/4', '/5'] }),
  allow('http://hop.test/', 'to another public name', {
    dns: { 'hop.test': [[PUBLIC]], 'away.test': [['8.8.4.4']] },
    redirect: ['http://away.test:8080/x'],
  }),
  allow('http://[2606:4700::1111]/', 'public IPv6'),
  allow('http://[::ffff:8.8.8.8]/', 'public IPv4 within IPv6'),
  allow('http://172.32.0.1/', 'just outside 172.16/12'),
  allow('http://example.com:8443/', 'a port that is open', { dns: { 'example.com': [[PUBLIC]] } }),
  allow('http://EXAMPLE.com/', 'in capitals', { dns: { 'example.com': [[PUBLIC]] } }),
];

/** Connects to the server of the test whatever the address is, as if it were there, and notes where it would have gone. */
function pretendDial(server: TestServer, dialed: DialTarget[]): Dial {
  return (target) =>
    new Promise((resolve, reject) => {
      dialed.push(target);
      const socket: Socket = connect({ host: '127.0.0.1', port: server.port }, () => resolve(socket));
      Object.defineProperty(socket, 'remoteAddress', { get: () => target.addresses[0] });
      socket.once('error', reject);
    });
}

const isPublicOne = (address: string): boolean => !/^(?:127|10|192\.168|169\.254|0)\.|^(?:::1|fd|fe)/.test(address);

describe('where requests may go', () => {
  let server: TestServer;
  let client: OutgoingClient;
  let locations: string[] = [];
  let looked: Map<string, (readonly string[])[]>;
  const dialed: DialTarget[] = [];
  const audits: OutgoingAudit[] = [];
  beforeAll(async () => {
    server = await startTestServer((_request, response) => {
      const location = locations.shift();
      // Each hop is a connection of its own, so that each is looked up.
      response.writeHead(location === undefined ? 200 : 302, { connection: 'close', ...(location === undefined ? {} : { location }) });
      response.end('reached');
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    dialed.length = 0;
    audits.length = 0;
    client = createOutgoingClient({
      audit: (entry) => audits.push(entry),
      dial: pretendDial(server, dialed),
      resolve: (host) => {
        const answers = looked.get(host) ?? [];
        return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? []);
      },
    });
  });
  afterEach(() => client.close());

  const shared = hasShared ? z.object({ cases: z.array(caseSchema) }).parse(JSON.parse(sharedText('cases/ssrf_cases.json'))).cases : [];
  const rows = [...OWN, ...shared].map((row, at) => ({ ...row, name: `${row.expect}: ${row.why} (${row.url}) #${at}` }));

  it.each(rows)('$name', async ({ url, expect: wanted, dns = {}, redirect = [] }) => {
    locations = [...redirect];
    // Names of the rows that are no URL's spelling are looked up in their own.
    looked = new Map(Object.entries(dns).map(([name, answers]) => [name.toLowerCase(), [...answers]]));
    const before = server.requests.length;
    const result = await client.send({ method: 'GET', url, purpose: 'test', signal: new AbortController().signal });
    const asked = server.requests.length - before;
    if (wanted === 'allow') {
      expect(result).toMatchObject({ ok: true, status: 200 });
      expect(asked).toBe(redirect.length + 1);
      expect(audits).toEqual([]);
    } else {
      expect(result.ok).toBe(false);
      if (!result.ok) {
        expect(result.message).not.toMatch(/secret/);
        // A name without addresses is a failure, all others are refusals which the audit has.
        if (Object.values(dns).flat(2).length > 0 || Object.keys(dns).length === 0) expect(result.type).toBe('refused');
      }
      if (!result.ok && result.type === 'refused') expect(audits.map(({ verdict }) => verdict)).toEqual(['refused']);
      expect(audits.map((entry) => entry.url).join()).not.toContain('secret');
    }
    // Whatever happened, nothing went to an address inside.
    expect(dialed.flatMap(({ addresses }) => addresses).filter((address) => !isPublicOne(address))).toEqual([]);
    expect(dialed.length).toBe(asked);
  });

  it(`has the rows of ssrf_cases.json${needsShared}`, () => {
    expect(shared.length >= 41).toBe(hasShared);
  });

  it('refuses a connection that went elsewhere than to the addresses that were checked, and sends nothing', async () => {
    const before = server.requests.length;
    const other = createOutgoingClient({
      audit: (entry) => audits.push(entry),
      resolve: () => Promise.resolve([PUBLIC]),
      // As a socket that a library, a proxy or a hook led astray.
      dial: () =>
        new Promise((resolve, reject) => {
          const socket = connect({ host: '127.0.0.1', port: server.port }, () => resolve(socket)).once('error', reject);
        }),
    });
    const result = await other.send({ method: 'GET', url: 'http://astray.test/', purpose: 'test', signal: new AbortController().signal });
    expect(result).toMatchObject({ ok: false, type: 'refused', message: expect.stringContaining('went to 127.0.0.1') as string });
    expect(audits).toMatchObject([{ verdict: 'refused', address: '127.0.0.1', hop: 0 }]);
    expect(server.requests.length).toBe(before);
    await other.close();
  });
});
