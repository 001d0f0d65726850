import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { brokerCount, parseBrokerCount } from './kafka/brokers.ts';
import { milvusVersion, parseVersion } from './milvus/version.ts';

const STATUS = '0a00';
const VERSION = Buffer.from('2.6.11').toString('hex');

test('the version is found behind the status of a Milvus answer', () => {
  expect(parseVersion(Buffer.from(`000000000a${STATUS}1206${VERSION}`, 'hex'))).toBe('2.6.11');
});

test.each([
  ['nothing', ''],
  ['a status alone', `0000000002${STATUS}`],
  ['something else', '00000000021a00'],
])('%s is no version', (_, hex) => {
  expect(() => parseVersion(Buffer.from(hex, 'hex'))).toThrow('not the version of a Milvus server');
});

test('brokers are counted in the answer to our own question only', () => {
  expect(parseBrokerCount(Buffer.from('0000000700000002', 'hex'))).toBe(2);
  expect(() => parseBrokerCount(Buffer.from('0000000800000002', 'hex'))).toThrow('not one of Kafka');
  expect(() => parseBrokerCount(Buffer.from('HTTP'))).toThrow('not one of Kafka');
});

test('a server that closes the connection, and none at all, are errors', async () => {
  const server = createServer((socket) => socket.resetAndDestroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await expect(brokerCount(port)).rejects.toThrow(/ECONNRESET|closed/);
  await expect(milvusVersion(port)).rejects.toThrow(/ECONNRESET|closed/);
  await new Promise((resolve) => server.close(resolve));
  await expect(brokerCount(port)).rejects.toThrow(/ECONNREFUSED/);
  await expect(milvusVersion(port)).rejects.toThrow(/ECONNREFUSED/);
});
