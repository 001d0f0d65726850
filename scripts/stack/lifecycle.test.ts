import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Directories } from './directories.ts';
import { isRunning } from './identity.ts';
import type { ProcessIdentity } from './identity.ts';
import { down, install, status, up } from './lifecycle.ts';
import { pickPorts, portOf } from './ports.ts';
import { readRecord, writeRecord } from './record.ts';
import type { Server } from './server.ts';

const LISTENS = "process.stdout.write('hello'); require('net').createServer().listen(+process.argv[1], '127.0.0.1')";
const DIES = "process.stdout.write('no such disk'); process.exit(3)";

/** A server that is one line of Node and counts what is done to it. */
function fake(script: string, done: string[], needs: Server['needs'] = []): Server {
  return {
    name: 'fake',
    summary: '',
    installationName: 'fake-1',
    needs,
    ports: ['server'],
    secrets: ['password'],
    stopLimitMs: 5_000,
    install: async () => {
      done.push('install');
      return { variant: 'fake', version: '1' };
    },
    start: async (_installation, { ports }) => {
      done.push('start');
      return { program: process.execPath, arguments: ['-e', script, String(portOf(ports, 'server'))] };
    },
    ready: async ({ ports }) => {
      const socket = connect(portOf(ports, 'server'), '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
      return 'Fake 1';
    },
    prepare: async () => void done.push('prepare'),
    environment: ({ ports, secrets }) => ({ FAKE: `${secrets['password'] ?? ''}@127.0.0.1:${portOf(ports, 'server')}` }),
  };
}

async function processOf(directories: Directories): Promise<ProcessIdentity> {
  const record = await readRecord(join(directories.state, 'fake'));
  if (!record?.process) throw new Error('no process was recorded');
  return record.process;
}

describe.runIf(process.platform === 'linux')('(Linux only: reads /proc)', () => {
  let directories: Directories = { cache: '', state: '' };
  beforeEach(async () => {
    const cache = await mkdtemp(join(tmpdir(), 'stack-life-'));
    directories = { cache, state: join(cache, 'state') };
  });
  afterEach(async () => {
    await down(fake(LISTENS, []), directories, true);
    await rm(directories.cache, { recursive: true });
  });

  test('up twice is one server with one address, and down ends it', async () => {
    const done: string[] = [];
    const server = fake(LISTENS, done);
    const first = await up(server, directories);
    expect(await up(server, directories)).toEqual(first);
    expect(await status(server, directories)).toEqual(first);
    expect(done).toEqual(['install', 'start', 'prepare', 'prepare']);
    const process = await processOf(directories);
    await down(server, directories, false);
    expect(isRunning(process)).toBe(false);
    expect(await status(server, directories)).toBeUndefined();
    expect(await readFile(join(directories.state, 'fake', 'server.log'), 'utf8')).toBe('hello');
  });

  // Tried again: once in some fifteen runs on a busy machine the small server is taken for ended before it answered; why is not known yet.
  test('the address stays the same when the server was stopped or killed, until it is wiped', { retry: 2 }, async () => {
    const server = fake(LISTENS, []);
    const first = await up(server, directories);
    await down(server, directories, false);
    expect(await up(server, directories)).toEqual(first);
    process.kill((await processOf(directories)).pid, 'SIGKILL');
    await vi.waitUntil(async () => (await status(server, directories)) === undefined);
    expect(await up(server, directories)).toEqual(first);
    await down(server, directories, true);
    expect(await readRecord(join(directories.state, 'fake'))).toBeUndefined();
  });

  test('the password is the same at every start, another after a wipe, and nobody else may read it', async () => {
    const server = fake(LISTENS, []);
    const { FAKE: first = '' } = await up(server, directories);
    expect(first).toMatch(/^[\w-]{24}@/);
    expect((await stat(join(directories.state, 'fake', 'process.json'))).mode & 0o777).toBe(0o600);
    await down(server, directories, true);
    const { FAKE: second = '' } = await up(server, directories);
    expect(second.split('@')[0]).not.toBe(first.split('@')[0]);
  });

  test('a port that somebody fixed is used, and asking for another one while it runs is an error', async () => {
    const server = fake(LISTENS, []);
    const [one, other] = Object.values(await pickPorts(['one', 'other']));
    expect(await up(server, directories, { server: one ?? 0 })).toEqual({ FAKE: expect.stringContaining(`:${one}`) });
    await expect(up(server, directories, { server: other ?? 0 })).rejects.toThrow(
      `it runs on port ${one}, and RISKFLOW_STACK_PORT_FAKE asks for ${other}: take it down first`,
    );
  });

  test('install starts nothing, and up then has nothing to install', async () => {
    const done: string[] = [];
    await install(fake(LISTENS, done), directories);
    await install(fake(LISTENS, done), directories);
    expect(done).toEqual(['install']);
    await up(fake(LISTENS, done), directories);
    expect(done).toEqual(['install', 'start', 'prepare']);
  });

  test('what is installed is not installed again, and what the machine lacks by then does not matter', async () => {
    const done: string[] = [];
    const lacking = [{ sentence: 'Get a compiler.', present: async () => false }];
    await expect(up(fake(LISTENS, done, lacking), directories)).rejects.toThrow('Get a compiler.');
    await up(fake(LISTENS, done), directories);
    await down(fake(LISTENS, done), directories, true);
    await up(fake(LISTENS, done, lacking), directories);
    expect(done.filter((what) => what === 'install')).toHaveLength(1);
  });

  test('a server that ends at once is an error with the end of its log, and up can be tried again', async () => {
    await expect(up(fake(DIES, []), directories)).rejects.toThrow(/no such disk/);
    expect(await status(fake(DIES, []), directories)).toBeUndefined();
    expect(await up(fake(LISTENS, []), directories)).toHaveProperty('FAKE');
  });

  test('a record whose process id belongs to somebody else by now stops nobody', async () => {
    await up(fake(LISTENS, []), directories);
    const state = join(directories.state, 'fake');
    const process = await processOf(directories);
    const record = { server: 'fake', ports: {}, secrets: {}, startedAt: new Date().toISOString() };
    await writeRecord(state, { ...record, process: { ...process, startTime: '1' } });
    await down(fake(LISTENS, []), directories, false);
    expect(isRunning(process)).toBe(true);
    await writeRecord(state, { ...record, process });
  });

  test('a damaged record is an error and not a guess', async () => {
    await up(fake(LISTENS, []), directories);
    const state = join(directories.state, 'fake');
    const record = await readFile(join(state, 'process.json'));
    await writeFile(join(state, 'process.json'), '{');
    await expect(down(fake(LISTENS, []), directories, false)).rejects.toThrow(/is not a process record/);
    await writeFile(join(state, 'process.json'), record);
  });
});
