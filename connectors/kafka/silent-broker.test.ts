import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { connectorSettings, type TaskReport } from '../../schemas/index.ts';
import { createKafkaConnector } from './kafka-connector.ts';
import { createMemoryInbox } from './memory-inbox.ts';

const open = async (port: number, timing = {}) => {
  const settings = connectorSettings.parse({ kind: 'kafka', brokers: [`127.0.0.1:${port}`], topics: ['t'] });
  if (settings.kind !== 'kafka') throw new Error('not Kafka');
  const logs: string[] = [];
  const inbox = createMemoryInbox();
  const stop = new AbortController();
  const connector = createKafkaConnector(settings, {
    name: 's',
    secrets: {},
    onLog: ({ level, message }) => void logs.push(`${level} ${message}`),
    timing,
  });
  const done = connector.run(inbox.host('a', { signal: stop.signal }));
  return { inbox, logs, done, connector, stop: () => stop.abort() };
};
const failure = (reports: readonly TaskReport[]): string | null | undefined => reports.find(({ state }) => state === 'failed')?.trace;

test('a broker that answers nothing is told, and tried again after a while', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { inbox, done, stop, logs } = await open(port, { watchdogMs: 300 });
  await expect
    .poll(() => failure(inbox.reports), { timeout: 15_000 })
    .toMatch(
      new RegExp(
        `^Kafka at 127\\.0\\.0\\.1:${port} does not serve us: the Kafka client gave no sign of life for \\d+ s; the next try is in 0\\.5 s$`,
      ),
    );
  expect(logs.filter((line) => line.startsWith('error'))).toEqual([]);
  stop();
  for (const socket of sockets) socket.destroy();
  await done;
  expect(inbox.reports.at(-1)).toMatchObject({ task: 'consumer', state: 'stopped' });
  server.close();
}, 30_000);

test('a broker that is not there is waited for, and the waiting ends at once when it is to', async () => {
  const { inbox, done, stop, connector } = await open(1);
  const began = performance.now();
  await expect
    .poll(() => inbox.reports[0]?.trace, { timeout: 15_000 })
    .toMatch(/^Kafka at 127\.0\.0\.1:1 has not answered yet \(.*ECONNREFUSED.*\): it is waited for$/);
  expect(performance.now() - began).toBeLessThan(3_000);
  await expect
    .poll(() => failure(inbox.reports), { timeout: 15_000 })
    .toMatch(/^Kafka at 127\.0\.0\.1:1 does not serve us: .*ECONNREFUSED/);
  await expect(connector.ends(AbortSignal.timeout(15_000))).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringMatching(/^Kafka at 127\.0\.0\.1:1 does not serve us: .*ECONNREFUSED/),
  });
  await expect(connector.ends(AbortSignal.abort(new Error('no time')))).rejects.toThrow('no time');
  const asked = performance.now();
  stop();
  await done;
  expect(performance.now() - asked).toBeLessThan(3_000);
  expect(inbox.records).toEqual([]);
}, 30_000);
