import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { openApp, publishFlowFile, readSettings, runBatch, type Context } from '../../runtime/index.ts';
import { startRun } from '../../runtime/commands/runs/run-start.ts';
import { connectRunClient } from '../../runtime/temporal/client.ts';
import { openTemporalClient } from '../../runtime/temporal/open-client.ts';
import { payloadBlobs } from '../../runtime/temporal/payload-blobs.ts';
import type { Plan } from '../../flow/index.ts';
import { integer } from '../../schemas/index.ts';
import { printFigures } from '../print.ts';
import { fiveEffects } from './flow.ts';
import type { handWritten } from './hand-written-workflow.ts';
import { startHandWritten, startRiskflowWorker } from './processes.ts';

const CONCURRENCY = 50;
const WARM_UP = 100;
const ROUNDS = 10;

type Servers = { readonly address: string; readonly mysqlUrl: string };

/**
 * Runs of a flow of five effects on Temporal, beside a hand-written workflow with the same five steps that writes one row for each to the
 * same MySQL. One worker process each. They take turns, since a server that keeps everything in memory gets slower with what it keeps.
 */
export async function benchTemporal({ runs }: { readonly runs: number }): Promise<void> {
  await withServers(async (servers, folder) => {
    const { hand, perNode, perRun } = await rates(servers, folder, runs);
    const rate = (perSecond: number): string => `${perSecond.toFixed(1)} runs/s`;
    printFigures(`Temporal in memory (start-dev), MySQL · ${runs} runs of 5 effects at ${CONCURRENCY} concurrent, in ${ROUNDS} turns`, [
      { what: 'hand-written workflow, 5 activities', measured: rate(hand), budget: '', holds: null },
      {
        what: 'per-node grain (runFlow)',
        measured: `${rate(perNode)} = ${(perNode / hand).toFixed(2)} ×`,
        budget: '≥ 0.8 ×',
        holds: perNode >= hand * 0.8,
      },
      {
        what: 'per-run grain (dispatchRuns)',
        measured: `${rate(perRun)} = ${(perRun / hand).toFixed(2)} ×`,
        budget: '≥ 3 ×',
        holds: perRun >= hand * 3,
      },
    ]);
  });
}

/** A database and a folder of its own, gone afterwards. */
async function withServers(use: (servers: Servers, folder: string) => Promise<void>): Promise<void> {
  const { RISKFLOW_TEST_TEMPORAL_ADDRESS: address, RISKFLOW_TEST_MYSQL_URL: mysql } = process.env;
  if (address === undefined || mysql === undefined)
    throw new Error('this bench needs servers: export $(npm run --silent stack -- up temporal mysql)');
  const name = `riskflow_bench_${randomBytes(6).toString('hex')}`;
  const url = new URL(mysql);
  url.pathname = '/';
  const admin = await createConnection(url.href);
  url.pathname = `/${name}`;
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-bench-'));
  try {
    await admin.query(`create database ${name}`);
    await admin.query(
      `create table ${name}.bench_steps (id bigint auto_increment primary key, run_id varchar(190), step varchar(20), output text)`,
    );
    await use({ address, mysqlUrl: url.href }, folder);
  } finally {
    await admin.query(`drop database if exists ${name}`);
    await admin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Rates = { readonly hand: number; readonly perNode: number; readonly perRun: number };

async function rates(servers: Servers, folder: string, runs: number): Promise<Rates> {
  const taskQueue = `bench-${randomBytes(4).toString('hex')}`;
  writeFileSync(join(folder, 'flow.yml'), fiveEffects());
  writeFileSync(join(folder, 'riskflow.yml'), `temporal: { address: "${servers.address}", taskQueue: ${taskQueue} }\n`);
  const environment = {
    ...process.env,
    RISKFLOW_DATA: join(folder, 'data'),
    RISKFLOW_MYSQL_URL: servers.mysqlUrl,
    RISKFLOW_CONFIG: join(folder, 'riskflow.yml'),
  };
  const app = await openApp(readSettings(environment, folder), { actor: 'bench' });
  const { plan } = await publishFlowFile(app.context, join(folder, 'flow.yml'));
  const hand = await handWrittenRunner(servers);
  const perNode = await perNodeRunner(app.context, plan, { address: servers.address, taskQueue, environment });
  try {
    const [handRate = 0, perNodeRate = 0] = await ratesInTurns([hand.run, perNode.run], runs);
    return { hand: handRate, perNode: perNodeRate, perRun: await perRunRate(app.context, plan, { runs, folder }) };
  } finally {
    await Promise.all([hand.stop(), perNode.stop()]);
    await app.close();
  }
}

/** `run`: one run to its end, the i-th. */
type Runner = { readonly run: (i: number) => Promise<void>; readonly stop: () => Promise<void> };

async function handWrittenRunner({ address, mysqlUrl }: Servers): Promise<Runner> {
  const taskQueue = `bench-hand-${randomBytes(4).toString('hex')}`;
  const worker = await startHandWritten({ address, taskQueue, mysqlUrl });
  const { client, close } = await openTemporalClient({ address, namespace: 'default', taskQueue });
  const run = async (i: number): Promise<void> => {
    const workflowId = `${taskQueue}-${i}`;
    const out = await client.workflow.execute<typeof handWritten>('handWritten', { workflowId, taskQueue, args: [workflowId, i] });
    if (out !== i + 5) throw new Error(`${workflowId} gave ${out}`);
  };
  return {
    run,
    stop: async () => {
      await close();
      await worker.stop();
    },
  };
}

async function perNodeRunner(
  context: Context,
  plan: Plan,
  { environment, ...place }: { readonly address: string; readonly taskQueue: string; readonly environment: NodeJS.ProcessEnv },
): Promise<Runner> {
  const worker = await startRiskflowWorker(environment);
  const client = await connectRunClient({ ...place, namespace: 'default' }, { blobs: payloadBlobs(context.storage, context.workspaceId) });
  const { workspaceId, actor } = context;
  const run = async (i: number): Promise<void> => {
    const runId = `${place.taskQueue}-${i}`;
    const inputs = new Map([['n', integer(BigInt(i))]]);
    const started = startRun(context, { plan, inputs, runId, mode: 'manual', origin: { kind: 'manual' } });
    await client.start({ workspaceId, runId, flowVersion: plan.flowVersion, started, actor, timeoutMs: 600_000 });
    const result = await client.result({ workspaceId, runId });
    if (result.status !== 'finished' || JSON.stringify(result.data.outputs) !== JSON.stringify({ out: i + 5 }))
      throw new Error(`${runId} gave ${JSON.stringify(result)}`);
  };
  return {
    run,
    stop: async () => {
      await client.close();
      await worker.stop();
    },
  };
}

/** Whole batches, from the reading of the file to the last count: 25 runs an activity, two activities at once. */
async function perRunRate(
  context: Context,
  plan: Plan,
  { runs, folder }: { readonly runs: number; readonly folder: string },
): Promise<number> {
  const batch = async (rows: number): Promise<number> => {
    const file = join(folder, `rows-${rows}.csv`);
    writeFileSync(file, `n\n${Array.from({ length: rows }, (_, i) => i).join('\n')}\n`);
    const from = performance.now();
    const summary = await runBatch(
      context,
      { plan, file, pins: {}, modelMap: {}, concurrency: CONCURRENCY },
      {
        on: 'temporal',
        signal: new AbortController().signal,
        onProgress: () => undefined,
        spread: { runsPerActivity: CONCURRENCY / 2, window: 2 },
      },
    );
    if (summary.succeeded !== rows) throw new Error(`${summary.succeeded} of ${rows} runs of the batch succeeded`);
    return (rows / (performance.now() - from)) * 1000;
  };
  await batch(WARM_UP);
  return batch(runs);
}

/** Runs per second of each, so many at once, in turns, after a few that are not counted. */
async function ratesInTurns(runners: readonly ((i: number) => Promise<void>)[], runs: number): Promise<readonly number[]> {
  const spent = runners.map(() => 0);
  let next = 0;
  const until = async (run: (i: number) => Promise<void>, end: number): Promise<void> => {
    const one = async (): Promise<void> => {
      while (next < end) await run(next++);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, one));
  };
  for (const run of runners) await until(run, next + WARM_UP);
  const share = Math.ceil(runs / ROUNDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, run] of runners.entries()) {
      const from = performance.now();
      await until(run, next + share);
      spent[at] = (spent[at] ?? 0) + performance.now() - from;
    }
  }
  return spent.map((ms) => (share * ROUNDS * 1000) / ms);
}
