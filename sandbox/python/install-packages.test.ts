import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choosePython, createCodeRunner, installPackages, type Installed } from '../index.ts';
import { setsFolder } from './packages.ts';
import { runProgram } from './run-program.ts';

const environment = { ...process.env, PIP_NO_INDEX: '1' };
const { backend, obstacle } = await choosePython({ setting: 'bubblewrap', environment });
const pip =
  backend.kind === 'bubblewrap'
    ? await runProgram(backend.interpreter.path, ['-m', 'pip', '--version'], { env: environment, timeoutMs: 20_000 })
    : undefined;
const missing = backend.kind === 'bubblewrap' ? (pip?.code === 0 ? null : 'this Python has no pip') : (obstacle?.why ?? backend.kind);

/** A wheel is a zip file with one package and a description of it. */
const WHEEL = `
import sys, zipfile
name, version, path, body = sys.argv[1:]
info = "%s-%s.dist-info" % (name, version)
with zipfile.ZipFile(path, "w") as z:
    z.writestr(name + "/__init__.py", body)
    z.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (name, version))
    z.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr(info + "/RECORD", "")
`;

describe.skipIf(missing !== null)(
  `packages for Python in bubblewrap${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 120_000 },
  () => {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'riskflow-packages-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const makeWheel = async (version: string, body: string): Promise<string> => {
      const file = join(folder, `riskflow_probe-${version}-py3-none-any.whl`);
      const made = await runProgram('python3', ['-c', WHEEL, 'riskflow_probe', version, file, body], {
        env: process.env,
        timeoutMs: 20_000,
      });
      expect(made.complaint).toBe('');
      return createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    };
    const install = (lock: string): Promise<Installed> =>
      installPackages({ lock: { text: lock, name: 'req.txt' }, dataFolder: folder, environment, findLinks: folder, offline: true });
    const imported = async (): Promise<{ readonly version: string; readonly result: unknown }> => {
      const runner = createCodeRunner({ python: 'bubblewrap', dataFolder: folder });
      try {
        const code =
          'import riskflow_probe\ndef main():\n    seen = riskflow_probe.count\n    riskflow_probe.count += 1\n    return {"v": riskflow_probe.VERSION, "seen": seen}';
        const call = (): ReturnType<typeof runner.run> =>
          runner.run({
            language: 'python3',
            code,
            inputsJson: '{}',
            scope: { workspaceId: 'w', flowVersion: 'v' },
            signal: AbortSignal.timeout(30_000),
          });
        const first = await call();
        // The second call finds the package loaded already, but not what the first did to it.
        expect(await call()).toMatchObject(first.ok ? { ok: true, json: first.json } : { ok: false });
        return { version: await runner.version('python3'), result: first.ok ? JSON.parse(first.json) : first.message };
      } finally {
        await runner.close();
      }
    };

    it('can be imported once they are installed, and are a part of the version', async () => {
      const body = (version: string): string => `VERSION = "${version}"\ncount = 0\n`;
      const one = `riskflow_probe==1.0 --hash=sha256:${await makeWheel('1.0', body('1.0'))}\n`;
      const two = `riskflow_probe==2.0 --hash=sha256:${await makeWheel('2.0', body('2.0'))}\n`;
      const before = await imported();
      expect(before.result).toMatch(/^ModuleNotFoundError: No module named 'riskflow_probe' .*riskflow code install/);

      const first = await install(one);
      expect(first).toMatchObject({ wasThere: false, set: { packages: [{ name: 'riskflow_probe', version: '1.0' }] } });
      const withFirst = await imported();
      expect(withFirst.result).toEqual({ v: '1.0', seen: 0 });

      await install(two);
      const withSecond = await imported();
      expect(withSecond.result).toEqual({ v: '2.0', seen: 0 });
      expect(new Set([before.version, withFirst.version, withSecond.version]).size).toBe(3);

      expect(await install(one)).toMatchObject({ wasThere: true });
      expect(await imported()).toEqual(withFirst);
    });

    it('leaves nothing behind when they cannot be installed', async () => {
      await makeWheel('3.0', 'VERSION = "3.0"');
      const before = await readdir(setsFolder(folder));
      const wrong = `riskflow_probe==3.0 --hash=sha256:${'0'.repeat(64)}\n`;
      await expect(install(wrong)).rejects.toThrow(/riskflow_probe==3\.0 is not the file that req\.txt names: its hash differs/);
      const absent = `riskflow_absent==1.0 --hash=sha256:${'0'.repeat(64)}\n`;
      await expect(install(absent)).rejects.toThrow(/the folder has no wheel of riskflow_absent==1\.0 for this Python/);
      expect(await readdir(setsFolder(folder))).toEqual(before);
    });

    it('need another installation for another Python', async () => {
      const { set } = await install(`riskflow_probe==4.0 --hash=sha256:${await makeWheel('4.0', 'VERSION = "4.0"\ncount = 0\n')}\n`);
      await writeFile(join(set.folder, '..', 'set.json'), JSON.stringify({ tag: 'cpython-2.7-x86_64', packages: [] }));
      const choice = await choosePython({ setting: 'bubblewrap', dataFolder: folder, environment });
      expect(choice.backend).toMatchObject({
        kind: 'none',
        why: expect.stringMatching(/installed with cpython-2\.7.*riskflow code install/) as string,
      });
    });

    it('offline wants a folder', async () => {
      const lock = { text: `x==1 --hash=sha256:${'0'.repeat(64)}`, name: 'req.txt' };
      await expect(installPackages({ lock, dataFolder: folder, environment, offline: true })).rejects.toThrow(/--offline needs a folder/);
    });
  },
);
