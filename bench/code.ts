import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { createCodeRunner, type CodeRunnerOptions } from '../sandbox/index.ts';
import type { CodeLanguage } from '../schemas/index.ts';
import { printFigures, type Figure } from './print.ts';

const WARM_CALLS = 200;
/** Next to no work of its own, and the same in both: what a call costs beside the code is measured. */
const CODE: Readonly<Record<CodeLanguage, string>> = {
  javascript: 'function main({ text }) { return { words: text.split(" ").length, share: 0.5 } }',
  python3: 'import json, re\ndef main(text):\n    return {"words": len(text.split()), "share": 0.5}',
};
const INPUTS = JSON.stringify({ text: 'a report about a payment '.repeat(40).trimEnd() });

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;

type Measured = {
  readonly firstMs: number;
  readonly warmMs: number;
  readonly backToBackMs: number;
  readonly grownBytes: number;
  readonly childBytes: number;
};

/** Times of a call from when it is asked for to its result, and memory of this process and of those that it started. */
async function measure(language: CodeLanguage, options: CodeRunnerOptions): Promise<Measured & { readonly version: string }> {
  const before = process.memoryUsage().rss;
  const runner = createCodeRunner({ ...options, processes: 1, threads: 1 });
  const call = async (): Promise<number> => {
    const from = performance.now();
    const scope = { workspaceId: 'bench', flowVersion: 'bench' };
    const result = await runner.run({ language, code: CODE[language], inputsJson: INPUTS, scope, signal: AbortSignal.timeout(60_000) });
    if (!result.ok || result.json.replaceAll(' ', '') !== '{"words":200,"share":0.5}')
      throw new Error(`the code gave ${JSON.stringify(result)}`);
    return performance.now() - from;
  };
  try {
    const firstMs = await call();
    for (let i = 0; i < 20; i += 1) await call();
    const warm: number[] = [];
    for (let i = 0; i < WARM_CALLS; i += 1) {
      // As in a flow: something else happens between two calls.
      await wait(10);
      warm.push(await call());
    }
    const from = performance.now();
    for (let i = 0; i < WARM_CALLS; i += 1) await call();
    const backToBackMs = (performance.now() - from) / WARM_CALLS;
    const grownBytes = process.memoryUsage().rss - before;
    return {
      version: await runner.version(language),
      firstMs,
      warmMs: median(warm),
      backToBackMs,
      grownBytes,
      childBytes: childrenBytes(),
    };
  } finally {
    await runner.close();
  }
}

/** Memory of all processes below this one; NaN where the system does not tell. */
function childrenBytes(): number {
  if (process.platform !== 'linux') return Number.NaN;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        const pages = Number(readFileSync(`/proc/${name}/statm`, 'utf8').split(' ')[1]);
        return [{ pid: Number(name), parent, bytes: pages * 4096 }];
      } catch {
        return [];
      }
    });
  const found = [process.pid];
  for (let i = 0; i < found.length; i += 1) found.push(...all.filter(({ parent }) => parent === found[i]).map(({ pid }) => pid));
  return all.filter(({ pid }) => pid !== process.pid && found.includes(pid)).reduce((sum, { bytes }) => sum + bytes, 0);
}

export async function benchCode(): Promise<void> {
  const figures: Figure[] = [];
  const add = (
    name: string,
    { version, firstMs, warmMs, backToBackMs, grownBytes, childBytes }: Awaited<ReturnType<typeof measure>>,
  ): void => {
    const python = name !== 'JavaScript';
    figures.push(
      {
        what: `${name} (${version}), first call`,
        measured: `${firstMs.toFixed(0)} ms`,
        budget: python ? '≤ 2,500 ms' : '',
        holds: python ? firstMs <= 2500 : null,
      },
      { what: '  warm call, median', measured: `${warmMs.toFixed(2)} ms`, budget: '≤ 5 ms', holds: warmMs <= 5 },
      { what: '  one after the other', measured: `${backToBackMs.toFixed(2)} ms`, budget: '', holds: null },
      { what: '  memory: this process, children', measured: `+${mb(Math.max(0, grownBytes))}, ${mb(childBytes)}`, budget: '', holds: null },
    );
  };
  add('JavaScript', await measure('javascript', { python: 'off' }));
  add('Python', await measure('python3', { python: 'pyodide' }));
  add('Python without a jail', await measure('python3', { python: 'pyodide', environment: {} }));
  const runner = createCodeRunner({ python: 'bubblewrap' });
  const { backend, obstacle } = await runner.choice();
  await runner.close();
  if (backend.kind === 'bubblewrap') add('Python', await measure('python3', { python: 'bubblewrap' }));
  else figures.push({ what: 'Python in bubblewrap', measured: `not run: ${obstacle?.why ?? ''}`, budget: '', holds: null });
  figures.push(idleFigure());
  const load = loadavg()[0] ?? Number.NaN;
  figures.push({ what: 'load of the machine', measured: `${load.toFixed(1)} on ${availableParallelism()} cores`, budget: '', holds: null });
  printFigures('\nUser code', figures);
}

/** What a process has more that made a runner and never used it. */
function idleFigure(): Figure {
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = [
    `await import(${url('../schemas/core.ts')}); gc(); const before = process.memoryUsage().rss;`,
    `const { createCodeRunner } = await import(${url('../sandbox/code-runner.ts')}); createCodeRunner(); gc();`,
    'console.log(process.memoryUsage().rss - before)',
  ].join('\n');
  const grown = Number(execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', script], { encoding: 'utf8' }));
  return {
    what: 'a runner that is not used',
    measured: `+${mb(Math.max(0, grown))}, no process`,
    budget: '',
    holds: null,
  };
}
