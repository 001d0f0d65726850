import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseRecord, readRecord, writeRecord } from './record.ts';
import type { ServerRecord } from './record.ts';

const RECORD: ServerRecord = {
  server: 'mysql',
  process: { pid: 4711, startTime: '123456', boot: '0b5c' },
  ports: { server: 20_001 },
  secrets: { password: 'x' },
  startedAt: '2026-01-02T03:04:05.000Z',
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-record-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a record comes back as it was written, also when the server was stopped', async () => {
  expect(await readRecord(folder)).toBeUndefined();
  await writeRecord(folder, RECORD);
  expect(await readRecord(folder)).toEqual(RECORD);
  const stopped = { ...RECORD, process: null };
  await writeRecord(folder, stopped);
  expect(await readRecord(folder)).toEqual(stopped);
});

test('a record of before there were passwords has none', () => {
  const { secrets: _, ...old } = RECORD;
  expect(parseRecord(JSON.stringify(old))).toEqual({ ...RECORD, secrets: {} });
});

test.each([
  ['nothing', ''],
  ['a bare number, as in other pid files', '4711'],
  ['half a record', JSON.stringify(RECORD).slice(0, 40)],
  ['process id 0, which would signal our own group', JSON.stringify({ ...RECORD, process: { ...RECORD.process, pid: 0 } })],
  ['a negative process id, which would signal a group', JSON.stringify({ ...RECORD, process: { ...RECORD.process, pid: -1 } })],
  ['no start time', JSON.stringify({ ...RECORD, process: { pid: 1, boot: 'b' } })],
])('%s is no record', (_what, text) => {
  expect(parseRecord(text)).toBeUndefined();
});

test('a file that is no record is an error that names it', async () => {
  await writeFile(join(folder, 'process.json'), '4711');
  await expect(readRecord(folder)).rejects.toThrow(/process\.json is not a process record/);
});
