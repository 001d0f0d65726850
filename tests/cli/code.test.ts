import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { riskflow } from './riskflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'riskflow-code-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, 'data');
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

describe('riskflow code', () => {
  it('install refuses what has no hash, with the line and how to mend it', async () => {
    const { code, err } = await riskflow(['code', 'install', file('r.txt', '# packages\nnumpy==2.0\n')], { data, folder });
    expect(code).toBe(2);
    expect(err).toContain('r.txt:2: numpy has no hash');
    expect(err).toContain('--generate-hashes');
  });

  it('install refuses a file that is not there, and --offline without a folder', async () => {
    const lost = await riskflow(['code', 'install', 'lost.txt'], { data, folder });
    expect(lost).toMatchObject({ code: 2, err: expect.stringContaining('lost.txt') as string });
    const offline = await riskflow(['code', 'install', file('o.txt', `x==1 --hash=sha256:${'0'.repeat(64)}`), '--offline'], {
      data,
      folder,
    });
    expect(offline).toMatchObject({ code: 2, err: expect.stringContaining('--find-links') as string });
  });

  it('show tells what runs Python as configured', async () => {
    file('riskflow.yml', 'code: { python: pyodide }\n');
    const { code, out } = await riskflow(['code', 'show', '--json'], { data, folder });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ setting: 'pyodide', backend: 'pyodide', packages: [], obstacle: null });
    file('riskflow.yml', 'code: { python: off }\n');
    const off = await riskflow(['code', 'show'], { data, folder });
    expect(off.out).toContain('Python is switched off');
    file('riskflow.yml', 'code: { python: bubblewrap }\n');
    const none = await riskflow(['code', 'show'], { data, folder, env: { PATH: '/nowhere' } });
    expect(none.out).toMatch(/code\.python is bubblewrap, and bubblewrap is not installed; install it: apt install bubblewrap/);
  });
});
