import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withPasswords, writeEnvFile } from './env-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-env-'));
  await copyFile(resolve(import.meta.dirname, '..', '..', '.env.example'), join(folder, '.env.example'));
});
afterEach(() => rm(folder, { recursive: true }));

test('passwords are made anew, and everything else stays', () => {
  const example = '# A_PASSWORD=in a comment\nA_PASSWORD=change-me\nB_PASSWORD=change-me\nPORT=1\nPASSWORD_FILE=x\n';
  let made = 0;
  expect(withPasswords(example, () => `p${(made += 1)}`)).toBe(
    '# A_PASSWORD=in a comment\nA_PASSWORD=p1\nB_PASSWORD=p2\nPORT=1\nPASSWORD_FILE=x\n',
  );
});

test('the file has no sample value and is for its owner alone', async () => {
  const path = await writeEnvFile(folder, false);
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain('change-me');
  expect(text).toMatch(/^RISKFLOW_MYSQL_PASSWORD=[\w-]{24}$/m);
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('an existing file is left alone, unless one insists', async () => {
  await writeFile(join(folder, '.env'), 'MINE=1\n', { mode: 0o644 });
  await expect(writeEnvFile(folder, false)).rejects.toThrow(/exists and was left alone.*--force writes it anew/);
  expect(await readFile(join(folder, '.env'), 'utf8')).toBe('MINE=1\n');
  await writeEnvFile(folder, true);
  expect(await readFile(join(folder, '.env'), 'utf8')).toMatch(/^RISKFLOW_MYSQL_PASSWORD=/m);
  if (process.platform !== 'win32') expect((await stat(join(folder, '.env'))).mode & 0o777).toBe(0o600);
});
