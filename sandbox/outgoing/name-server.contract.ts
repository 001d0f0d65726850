import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Resolve } from './guarded-connector.ts';

/** A name server on loopback for tests, and the look-up that asks it and nobody else. */
export type NameServer = {
  /** The answers of a name at successive look-ups; the last one stays. */
  readonly answer: (name: string, ...answers: readonly (readonly string[])[]) => void;
  readonly resolve: Resolve;
  /** Names that were looked up, in order. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
};

const [A, AAAA] = [1, 28];

export async function startNameServer(): Promise<NameServer> {
  const answers = new Map<string, (readonly string[])[]>();
  const current = new Map<string, readonly string[]>();
  const asked: string[] = [];
  const socket = createSocket('udp4', (query, from) => socket.send(replyTo(query, current), from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    asked,
    answer: (name, ...given) => answers.set(name, [...given]),
    resolve: async (host) => {
      asked.push(host);
      const list = answers.get(host) ?? [];
      const next = list.length > 1 ? list.shift() : list[0];
      if (next !== undefined) current.set(host, next);
      const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      const all = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      if (all.length === 0) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
      return all;
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** RFC 1035: the question, and its answers behind it. */
function replyTo(query: Buffer, names: ReadonlyMap<string, readonly string[]>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString('ascii'));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const known = names.get(labels.join('.').toLowerCase());
  const records = (known ?? []).filter((address) => (isIPv6(address) ? AAAA : A) === type).map((address) => record(type, bytesOf(address)));
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question, ...records]);
}

function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytesOf(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const host = URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? '';
  const [left = '', right = ''] = host.split('::');
  const groups = (text: string): readonly number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [front, back] = [groups(left), groups(right)];
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}
