import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { choosePorts, isFree, pickPorts, portOf } from './ports.ts';

test('each purpose gets its own port, and taken ones are passed over', async () => {
  const candidates = [1, 2, 2, 3].values();
  const next = (): number => candidates.next().value ?? 99;
  const ports = await pickPorts(['server', 'ui'], {}, async (port) => port !== 1, next);
  expect(ports).toEqual({ server: 2, ui: 3 });
});

test('a port is kept while it is free, and another is found when it is not', async () => {
  const before = { server: 7, ui: 8 };
  const candidates = [9, 10].values();
  const ports = await pickPorts(
    ['server', 'ui', 'metrics'],
    before,
    async (port) => port !== 8,
    () => candidates.next().value ?? 99,
  );
  expect(ports).toEqual({ server: 7, ui: 9, metrics: 10 });
});

test('it gives up with a sentence when nothing is free', async () => {
  await expect(pickPorts(['server'], {}, async () => false)).rejects.toThrow(/no free port on 127\.0\.0\.1/);
});

test('real ports are below the ephemeral range', async () => {
  const port = portOf(await pickPorts(['server']), 'server');
  expect(port).toBeGreaterThanOrEqual(20_000);
  expect(port).toBeLessThan(32_000);
});

test('a port somebody listens on is not free', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await isFree(port)).toBe(false);
  const chosen = choosePorts(['server'], { fixed: { server: port }, before: undefined, settingOf: () => 'PORT_OF_IT' });
  await expect(chosen).rejects.toThrow(`port ${port} is taken on 127.0.0.1: free it, or change PORT_OF_IT`);
  await new Promise((resolve) => server.close(resolve));
  expect(await isFree(port)).toBe(true);
});

test('fixed ports are kept, and the others are not put onto them', async () => {
  const { server: free = 0 } = await pickPorts(['server']);
  const chosen = await choosePorts(['server', 'ui'], { fixed: { ui: free }, before: { server: free }, settingOf: () => '' });
  expect(chosen['ui']).toBe(free);
  expect(chosen['server']).not.toBe(free);
});

test('asking for a port nobody picked is a mistake', () => {
  expect(() => portOf({ server: 1 }, 'ui')).toThrow('no port was picked for "ui"');
});
