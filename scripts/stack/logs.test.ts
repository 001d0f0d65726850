import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { showLog } from './logs.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-logs-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the end of a long log is shown in whole lines', async () => {
  const path = join(folder, 'server.log');
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} ä`);
  await writeFile(path, `${lines.join('\n')}\n`);
  const shown: string[] = [];
  expect(await showLog({ server: 's', path }, undefined, (_, line) => shown.push(line))).toBe(true);
  expect(shown.length).toBeGreaterThan(500);
  expect(shown).toEqual(lines.slice(-shown.length));
});

test('a log that does not exist is nothing', async () => {
  expect(await showLog({ server: 's', path: join(folder, 'none') }, undefined, () => expect.unreachable())).toBe(false);
});

test('a followed log shows what is added, each line when it is whole, and a log that was begun anew from its start', async () => {
  const path = join(folder, 'server.log');
  const shown: string[] = [];
  const stopped = new AbortController();
  const done = showLog({ server: 's', path }, stopped.signal, (_, line) => shown.push(line));
  await appendFile(path, 'one\ntw');
  await vi.waitUntil(() => shown.length === 1);
  await appendFile(path, 'o\n');
  await vi.waitUntil(() => shown.length === 2);
  await writeFile(path, 'new\n');
  await vi.waitUntil(() => shown.length === 3);
  stopped.abort();
  await done;
  expect(shown).toEqual(['one', 'two', 'new']);
});
