import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareBundle, writeBundle } from './bundle.ts';

describe('the prebuilt bundle of workflow code', { timeout: 60_000 }, () => {
  let folder: string;
  let path: string;
  let manifest: Readonly<Record<string, string>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'riskflow-bundle-'));
    path = join(folder, 'dist', 'workflow-bundle.js');
    await writeBundle(path);
    manifest = JSON.parse(await readFile(`${path}on`, 'utf8')) as Readonly<Record<string, string>>;
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const prepared = async (change: Readonly<Record<string, string>>) => {
    await writeFile(`${path}on`, JSON.stringify({ ...manifest, ...change }));
    return prepareBundle(path);
  };

  it('is used when it fits the sources', async () => {
    const { code, madeNow } = await prepared({});
    expect(madeNow).toBeNull();
    expect(code).toContain('async function runFlow(');
    expect(manifest['sources']).toMatch(/^[\da-f]{64}$/);
  });

  it.each([
    [{ sources: '0' }, 'it was made of other workflow sources'],
    [{ sdk: '1.0.0' }, "it was made for version 1.0.0 of Temporal's SDK"],
    [{ bundle: '0' }, 'it is damaged'],
  ])('is made anew when its manifest differs by %j', async (change, why) => {
    const { code, madeNow } = await prepared(change);
    expect(madeNow).toBe(why);
    expect(code).toContain('async function runFlow(');
  });

  it('is made when there is none', async () => {
    expect((await prepareBundle(join(folder, 'none.js'))).madeNow).toBe('there is none');
  });
});
