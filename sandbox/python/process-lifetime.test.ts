import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { choosePython, createCodeRunner, type PythonSetting } from '../index.ts';

const strong = await choosePython({ setting: 'bubblewrap', environment: process.env });
const linux = process.platform === 'linux';

/** Processes below one, with all that they started, by what runs in them. Linux only. */
function below(pid: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent) }];
      } catch {
        return [];
      }
    });
  const found = [pid];
  for (let i = 0; i < found.length; i += 1) found.push(...parents.filter(({ parent }) => parent === found[i]).map((one) => one.pid));
  return found.slice(1);
}

const isAlive = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

const PARENT = `
import { createCodeRunner } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
const [python, jailed] = process.argv.slice(-2);
const runner = createCodeRunner({ python, environment: jailed === 'jailed' ? process.env : {} });
const run = (code) => runner.run({ language: 'python3', code, inputsJson: '{}', signal: new AbortController().signal });
await run('def main(): return {}');
console.log('ready');
await run('def main():\\n    while True: pass');
`;

const rows: readonly (readonly [string, PythonSetting, string])[] = [
  ['Pyodide', 'pyodide', 'bare'],
  ['Pyodide in bubblewrap', 'pyodide', 'jailed'],
  ...(strong.backend.kind === 'bubblewrap' ? ([['CPython in bubblewrap', 'bubblewrap', 'jailed']] as const) : []),
];

describe.skipIf(!linux)(`processes of Python${linux ? '' : ' (skipped: they are looked for in /proc)'}`, { timeout: 60_000 }, () => {
  it.each(rows)('of %s end with the program, also when it is killed while code runs', async (_name, python, jailed) => {
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', PARENT, '--', python, jailed], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => parent.stdout.once('data', resolve));
    // The endless loop has begun.
    await vi.waitFor(() => expect(below(parent.pid ?? 0).length).toBeGreaterThanOrEqual(2));
    const children = below(parent.pid ?? 0);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(children.filter(isAlive)).toEqual([]), { timeout: 20_000 });
  });

  it.each(rows)('of %s end when nothing is to be done, and when the runner is closed', async (_name, python, jailed) => {
    const others = new Set(below(process.pid));
    const mine = (): readonly number[] => below(process.pid).filter((pid) => !others.has(pid));
    const runner = createCodeRunner({ python, idleMs: 200, environment: jailed === 'jailed' ? process.env : {} });
    const run = (): ReturnType<typeof runner.run> =>
      runner.run({ language: 'python3', code: 'def main(): return {}', inputsJson: '{}', signal: AbortSignal.timeout(30_000) });
    expect(mine()).toEqual([]);
    expect(await run()).toMatchObject({ ok: true });
    expect(mine()).not.toEqual([]);
    await vi.waitFor(() => expect(mine()).toEqual([]), { timeout: 10_000 });
    expect(await run()).toMatchObject({ ok: true });
    await runner.close();
    await vi.waitFor(() => expect(mine()).toEqual([]), { timeout: 10_000 });
  });
});
