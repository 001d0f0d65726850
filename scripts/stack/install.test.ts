import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { makeOnce, mountsWithin, readMarker } from './install.ts';

const schema = z.object({ version: z.string() });
const MOUNTINFO = [
  '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
  '40 22 0:5 / /c/mysql/root/proc rw - proc proc rw',
  '41 22 0:5 / /c/mysql\\040two/proc rw - proc proc rw',
  '',
].join('\n');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-install-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a finished folder is not made again', async () => {
  const directory = join(folder, 'a');
  let times = 0;
  const make = async (): Promise<{ version: string }> => ({ version: `v${(times += 1)}` });
  const never = (): void => expect.unreachable();
  expect(await makeOnce(directory, schema, never, make)).toEqual({ version: 'v1' });
  expect(await makeOnce(directory, schema, never, make)).toEqual({ version: 'v1' });
  expect(times).toBe(1);
});

test.runIf(process.platform === 'linux')('(Linux only: reads mounts) what a failed attempt left is removed before the next', async () => {
  const directory = join(folder, 'a');
  const breaks = async (): Promise<never> => {
    await writeFile(join(directory, 'rest'), '');
    throw new Error('no network');
  };
  await expect(makeOnce(directory, schema, () => {}, breaks)).rejects.toThrow('no network');
  expect(await readMarker(directory, schema)).toBeUndefined();
  let rests = 0;
  await makeOnce(
    directory,
    schema,
    () => void (rests += 1),
    async () => ({ version: 'v1' }),
  );
  expect(rests).toBe(1);
  expect(existsSync(join(directory, 'rest'))).toBe(false);
});

test('a marker that says something else is no marker', async () => {
  await writeFile(join(folder, 'complete.json'), '{"version":1}');
  expect(await readMarker(folder, schema)).toBeUndefined();
  await writeFile(join(folder, 'complete.json'), '{"versi');
  expect(await readMarker(folder, schema)).toBeUndefined();
});

test('mounts inside a folder are seen, those beside it are not', () => {
  expect(mountsWithin('/c/mysql', MOUNTINFO)).toEqual(['/c/mysql/root/proc']);
  expect(mountsWithin('/c/mysql two', MOUNTINFO)).toEqual(['/c/mysql two/proc']);
  expect(mountsWithin('/c/temporal', MOUNTINFO)).toEqual([]);
});
