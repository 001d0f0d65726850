import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dslText, startNode } from '../flow/testing/dsl.ts';
import { openSqliteStorage } from '../storage/index.ts';
import { printFigures } from './print.ts';

const CONCURRENCY = 32;
const DELAY_MS = 50;
const WINDOWS = process.platform === 'win32';
/** What a user starts; it becomes the program itself, so that its process is the one measured (not so on Windows). */
const LAUNCHER = fileURLToPath(new URL(WINDOWS ? '../riskflow.cmd' : '../riskflow', import.meta.url));
const MOCK = fileURLToPath(new URL('./mock-model.ts', import.meta.url));

/** A whole evaluation command, process start to exit, against a slow model endpoint in another process. */
export async function benchEval({ samples }: { readonly samples: number }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-bench-'));
  const mock = spawn(process.execPath, [MOCK, String(DELAY_MS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await firstLine(mock);
    const environment = {
      ...process.env,
      RISKFLOW_DATA: join(folder, 'data'),
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      OPENAI_API_KEY: 'none',
    };
    writeInputs(folder, samples);
    await riskflow(['sample', 'import', 'bench', join(folder, 'samples.csv'), '--json'], environment);
    const from = performance.now();
    const run = await riskflow(
      [
        'eval',
        'run',
        '--a',
        join(folder, 'a.yml'),
        '--b',
        join(folder, 'b.yml'),
        '--samples',
        'bench',
        '--concurrency',
        String(CONCURRENCY),
        '--json',
      ],
      environment,
    );
    const seconds = (performance.now() - from) / 1000;
    const calls = (await (await fetch(`http://127.0.0.1:${port}/calls`)).json()) as {
      readonly answered: number;
      readonly distinct: number;
      readonly repeated: number;
    };
    const summary = JSON.parse(run.output) as {
      readonly n: number;
      readonly variants: Readonly<Record<string, { readonly n: number; readonly calls: number }>>;
    };
    const stored = await recount(join(folder, 'data'));
    const limit = (samples * 2 * DELAY_MS) / CONCURRENCY / 1000;
    const allowed = samples <= 500 ? limit * 1.25 + 1 : limit * 1.15;
    printFigures(`Evaluation of ${samples} samples × 2 variants, ${DELAY_MS} ms a call, concurrency ${CONCURRENCY}, ${stored.settings}`, [
      {
        what: 'whole command',
        measured: `${seconds.toFixed(2)} s = ${(seconds / limit).toFixed(2)} × the limit of ${limit.toFixed(2)} s`,
        budget: samples <= 500 ? `≤ ${allowed.toFixed(2)} s (1.25 × + 1 s)` : `≤ ${allowed.toFixed(2)} s (1.15 ×)`,
        holds: seconds <= allowed,
      },
      {
        what: 'peak memory (RSS)',
        measured: run.peakMb === null ? 'not measured on this system' : `${run.peakMb} MB`,
        budget: '≤ 250 MB',
        holds: run.peakMb === null ? null : run.peakMb <= 250,
      },
      {
        what: 'calls counted by the endpoint',
        measured: `${calls.answered} answered, ${calls.repeated} repeated`,
        budget: `${samples * 2} and 0`,
        holds: calls.answered === samples * 2 && calls.repeated === 0,
      },
      {
        what: 'calls in the summary',
        measured: String(Object.values(summary.variants).reduce((sum, variant) => sum + variant.calls, 0)),
        budget: String(samples * 2),
        holds: null,
      },
      { what: 'results in the log', measured: String(stored.results), budget: String(samples * 2), holds: stored.results === samples * 2 },
      {
        what: 'run and node events in the log',
        measured: `${stored.runs} runs, ${stored.nodes} nodes`,
        budget: `${samples * 2} runs`,
        holds: stored.runs === samples * 2,
      },
      {
        what: 'processor time of the command',
        measured: run.cpuSeconds === null ? 'not measured' : `${run.cpuSeconds.toFixed(1)} s`,
        budget: '',
        holds: null,
      },
    ]);
  } finally {
    mock.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeInputs(folder: string, samples: number): void {
  const rows = Array.from(
    { length: samples },
    (_, i) =>
      `s${i},${i % 3 === 0 ? 'spam' : 'ham'},"Report number ${i}: the quick message ${(i * 2654435761) % 1000003} about an offer, a link and ${i % 97} friends"`,
  );
  writeFileSync(join(folder, 'samples.csv'), `id,label,text\n${rows.join('\n')}\n`);
  for (const name of ['a', 'b']) {
    const prompt = `Variant ${name}. Answer spam or ham: {{#start.text#}}`;
    const nodes = [
      startNode('text'),
      {
        id: 'llm',
        type: 'llm',
        model: { provider: 'openai', name: 'mock', mode: 'chat', completion_params: { temperature: 0 } },
        prompt_template: [{ role: 'user', text: prompt }],
      },
      { id: 'end', type: 'end', outputs: [{ variable: 'label', value_selector: ['llm', 'text'] }] },
    ];
    writeFileSync(join(folder, `${name}.yml`), dslText(nodes, ['start -> llm', 'llm -> end']));
  }
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8').trim()));
    child.once('exit', (code) => reject(new Error(`the mock model ended with ${code ?? 'a signal'}`)));
  });

type Command = { readonly output: string; readonly peakMb: number | null; readonly cpuSeconds: number | null };

function riskflow(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Command> {
  return new Promise((resolve, reject) => {
    const child = spawn(LAUNCHER, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], shell: WINDOWS });
    let output = '';
    let errors = '';
    let peakMb: number | null = null;
    let cpuSeconds: number | null = null;
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
    const watch = setInterval(() => {
      peakMb = peakOf(child.pid) ?? peakMb;
      cpuSeconds = cpuOf(child.pid) ?? cpuSeconds;
    }, 50);
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(watch);
      // 3 and 4 are verdicts.
      if (code === 0 || code === 3 || code === 4) resolve({ output, peakMb, cpuSeconds });
      else reject(new Error(`riskflow ${args.slice(0, 2).join(' ')} ended with ${code ?? 'a signal'}: ${errors.slice(-2000)}`));
    });
  });
}

/** The highest resident memory so far, from Linux; elsewhere undefined. */
function peakOf(pid: number | undefined): number | undefined {
  const line = proc(pid, 'status')?.match(/VmHWM:\s+(\d+) kB/)?.[1];
  return line === undefined ? undefined : Math.round(Number(line) / 1024);
}

function cpuOf(pid: number | undefined): number | undefined {
  const fields = proc(pid, 'stat')?.split(') ')[1]?.split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / 100;
}

function proc(pid: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid ?? 0}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** What really lies in the log. */
async function recount(
  folder: string,
): Promise<{ readonly results: number; readonly runs: number; readonly nodes: number; readonly settings: string }> {
  const storage = await openSqliteStorage({ folder });
  try {
    const count = async (log: 'ledger' | 'runs-0', type: string): Promise<number> => {
      let found = 0;
      for (let after = 0; ;) {
        const page = await storage.events.readLog('default', log, { after, limit: 5000 });
        found += page.filter((event) => event.type === type).length;
        const last = page.at(-1);
        if (last === undefined) return found;
        after = last.position.n;
      }
    };
    const settings = Object.entries(await storage.settings())
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
    return {
      results: await count('ledger', 'ResultRecorded'),
      runs: await count('runs-0', 'RunFinished'),
      nodes: await count('runs-0', 'NodeFinished'),
      settings,
    };
  } finally {
    await storage.close();
  }
}
