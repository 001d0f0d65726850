import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identify, isRunning, parseStat, stopProcess } from './identity.ts';
import type { ProcessIdentity } from './identity.ts';

const tail = (threads: number): string => `1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 ${threads} 0 123456 99 100`;

test('the fields are read behind the name, whatever the name holds', () => {
  expect(parseStat(`7 (mysqld) S ${tail(30)}`)).toEqual({ alive: true, startTime: '123456' });
  expect(parseStat(`7 (a ) Z 1 (b) R ${tail(1)}\n`)).toEqual({ alive: true, startTime: '123456' });
});

test('a zombie is dead only when its last thread is', () => {
  expect(parseStat(`7 (mysqld) Z ${tail(30)}`)).toHaveProperty('alive', true);
  expect(parseStat(`7 (mysqld) Z ${tail(1)}`)).toHaveProperty('alive', false);
  expect(parseStat(`7 (mysqld) X ${tail(0)}`)).toHaveProperty('alive', false);
});

test.each(['', '7 (x)', '7 (x) S 1 2', 'hello'])('%j is no stat line', (text) => {
  expect(parseStat(text)).toBeUndefined();
});

const onLinux = process.platform === 'linux';

function sleeper(script: string): { readonly identity: ProcessIdentity; readonly ready: Promise<unknown> } {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const identity = identify(child.pid ?? -1);
  if (identity === undefined) throw new Error('the child did not start');
  return { identity, ready: once(child.stdout, 'data') };
}

test.runIf(onLinux)('(Linux only: reads /proc) this process runs; with another start time or boot it does not', () => {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('this process has no identity');
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, startTime: '1' })).toBe(false);
  expect(isRunning({ ...identity, boot: 'another' })).toBe(false);
});

test.runIf(onLinux)('(Linux only: reads /proc) a stranger with a reused id is left alone', async () => {
  const { identity, ready } = sleeper('process.stdout.write("x"); setInterval(() => {}, 1000)');
  await ready;
  expect(await stopProcess({ ...identity, startTime: '1' }, 1000)).toBe('gone');
  expect(isRunning(identity)).toBe(true);
  expect(await stopProcess(identity, 5000)).toBe('ended');
  expect(await stopProcess(identity, 5000)).toBe('gone');
});

test.runIf(onLinux)('(Linux only: reads /proc) a process that ignores the request is killed', async () => {
  const { identity, ready } = sleeper('process.on("SIGTERM", () => {}); process.stdout.write("x"); setInterval(() => {}, 1000)');
  await ready;
  expect(await stopProcess(identity, 200)).toBe('killed');
  expect(isRunning(identity)).toBe(false);
});
