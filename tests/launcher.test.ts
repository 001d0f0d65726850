import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const project = resolve(import.meta.dirname, '..');
const onWindows = process.platform === 'win32';

/** Stands in for Riskflow: tells how it was started, or waits to be killed. */
const program = `
const [first, ...rest] = process.argv.slice(2);
if (first === 'wait') { setInterval(() => {}, 1000); console.log(process.pid); }
else {
  console.log(JSON.stringify({ pid: process.pid, node: process.execPath, cwd: process.cwd(), args: [first, ...rest] }));
  process.exitCode = 7;
}
`;

type Told = { readonly pid: number; readonly node: string; readonly cwd: string; readonly args: readonly string[] };

describe.skipIf(onWindows)(onWindows ? 'riskflow (skipped: a POSIX shell script)' : 'riskflow', () => {
  let base: string;
  let checkout: string;

  beforeAll(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'riskflow-launcher-')));
    checkout = join(base, 'a check out');
    mkdirSync(join(checkout, 'cli'), { recursive: true });
    mkdirSync(join(checkout, 'node_modules/node/bin'), { recursive: true });
    copyFileSync(join(project, 'riskflow'), join(checkout, 'riskflow'));
    writeFileSync(join(checkout, 'package.json'), '{"type":"module"}');
    writeFileSync(join(checkout, 'cli/main.ts'), program);
    symlinkSync(process.execPath, join(checkout, 'node_modules/node/bin/node'));
    mkdirSync(join(base, 'bin'));
    symlinkSync(join(checkout, 'riskflow'), join(base, 'bin/absolute'));
    symlinkSync('../a check out/riskflow', join(base, 'bin/relative'));
    symlinkSync('relative', join(base, 'bin/twice'));
  });
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  test.each([
    { how: 'by its path', command: 'a check out/riskflow', cwd: '.' },
    { how: 'from its own folder', command: './riskflow', cwd: 'a check out' },
    { how: 'by an absolute link', command: './absolute', cwd: 'bin' },
    { how: 'by a relative link', command: 'bin/relative', cwd: '.' },
    { how: 'by a link to a link', command: '../../bin/twice', cwd: 'a check out/cli' },
    { how: 'by its name on PATH', command: 'twice', cwd: '.' },
  ])('starts $how, hands on the arguments and the exit code', ({ command, cwd }) => {
    const env = { ...process.env, PATH: `${join(base, 'bin')}:${process.env['PATH'] ?? ''}` };
    const child = spawnSync(command, ['run', 'two words', '', '--inputs={"a": "$HOME"}'], { cwd: join(base, cwd), env, encoding: 'utf8' });
    expect(child.stderr).toBe('');
    const told = JSON.parse(child.stdout) as Told;
    expect(told.args).toEqual(['run', 'two words', '', '--inputs={"a": "$HOME"}']);
    expect(told.cwd).toBe(join(base, cwd).replace(/\/\.$/, ''));
    expect(child.status).toBe(7);
  });

  test('is one process: what kills it kills Riskflow', async () => {
    const child = spawn(join(checkout, 'riskflow'), ['wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((done) => child.stdout.once('data', (text: Buffer) => done(Number(text.toString()))));
    expect(pid).toBe(child.pid);
    const ended = new Promise<NodeJS.Signals | null>((done) => child.once('exit', (_code, signal) => done(signal)));
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test.each([
    { what: 'nothing is installed', folder: '.', sentence: /^riskflow: not installed yet: run `npm ci` in .+\n$/ },
    {
      what: 'npm skipped install scripts',
      folder: 'node_modules/node',
      sentence: /^riskflow: npm was told .+ `npm ci --ignore-scripts=false` in .+\n$/,
    },
  ])('says how to mend it where $what', ({ folder, sentence }) => {
    const empty = mkdtempSync(join(base, 'empty-'));
    mkdirSync(join(empty, folder), { recursive: true });
    copyFileSync(join(project, 'riskflow'), join(empty, 'riskflow'));
    const child = spawnSync(join(empty, 'riskflow'), ['run'], { encoding: 'utf8' });
    expect(child.stderr).toMatch(sentence);
    expect(child.stdout).toBe('');
    expect(child.status).toBe(1);
  });
});
