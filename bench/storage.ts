import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Storage, WriteUnit } from '../schemas/index.ts';
import { isDead, openSqliteStorage, processIdentity } from '../storage/index.ts';
import { type Figure, printFigures } from './print.ts';
import { count, measure, nodeFinished, USAGE, WORKSPACE, writeUnits, type Measured, type Work } from './storage-work.ts';

const WRITERS = 64;
const RUNS = 2000;

/** The same events by a bare loop: one table with one key, one prepared insert, `size` rows to a transaction. */
function bareInserts(folder: string, size: number): { readonly work: Work; readonly close: () => void } {
  const database = new DatabaseSync(join(folder, `bare-${size}.sqlite`));
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma fullfsync = 1');
  database.exec('create table events (n integer primary key, stream text, version integer, type text, data text, at integer) strict');
  const insert = database.prepare('insert into events (stream, version, type, data, at) values (?, ?, ?, ?, ?)');
  const work: Work = async (isOver) => {
    let events = 0;
    while (!isOver()) {
      database.exec('begin immediate');
      for (let i = 0; i < size; i++) {
        const event = nodeFinished(i);
        insert.run(`run/${events}`, i + 1, event.type, JSON.stringify(event.data), Date.now());
        events++;
      }
      database.exec('commit');
    }
    return events;
  };
  return { work, close: () => database.close() };
}

/** Runs as an evaluation stores them: a start, an effect's result, an end with the evaluation's result. Nine events each. */
async function writeRuns(storage: Storage): Promise<{ readonly perSecond: number; readonly cpuMsPerRun: number; readonly growth: number }> {
  const resource = 'evaluation/bench';
  const lease = await storage.leases.take(WORKSPACE, resource, processIdentity(), { now: Date.now(), ttlMs: 600_000, isDead });
  if (lease.status !== 'taken') throw new Error('the lease of the bench is not free');
  const base = { workspaceId: WORKSPACE, actor: 'bench', fence: lease.fence };
  const status = { flow: 'triage', flowVersion: 'v1', mode: 'evaluation', resource } as const;
  let next = 0;
  const memory = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const from = performance.now();
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (next < RUNS) {
        const runId = `bench-${String(next++).padStart(6, '0')}`;
        await writeRun(storage, { ...base, appends: [] }, { ...status, runId });
      }
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: RUNS / seconds, cpuMsPerRun: (user + system) / 1000 / RUNS, growth: process.memoryUsage.rss() - memory };
}

type RunFacts = {
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly mode: 'evaluation';
  readonly resource: string;
};

async function writeRun(storage: Storage, base: WriteUnit, run: RunFacts): Promise<void> {
  const { runId } = run;
  const stream = `run/${runId}`;
  const begin = [0, 1, 2, 3].map(nodeFinished);
  const end = [4, 5, 6, 7].map(nodeFinished);
  await storage.events.write({
    ...base,
    appends: [{ log: 'runs-0', stream, events: begin, expected: { from: 1 } }],
    runStatus: [{ ...run, status: 'running' }],
  });
  const reuse = { scope: run.resource, contentKey: runId };
  if ((await storage.effects.find(WORKSPACE, runId, 'llm')) !== undefined) throw new Error('an effect was there before its run');
  await storage.effects.findReusable(WORKSPACE, reuse.scope, reuse.contentKey);
  const result = { status: 'succeeded', outputs: { text: 'scam' }, usage: USAGE, elapsedMs: 50, reused: false } as const;
  await storage.effects.put(WORKSPACE, { runId, effectId: 'llm', result, reuse });
  const recorded = {
    evaluationId: 'bench',
    sampleId: runId,
    variant: 'A',
    repeat: 0,
    runId,
    label: 'scam',
    prediction: 'scam',
    correct: true,
  };
  const data = { ...recorded, error: null, cluster: null, usage: USAGE, reused: 0, elapsedMs: 50 };
  await storage.events.write({
    ...base,
    appends: [
      { log: 'runs-0', stream, events: end, expected: { from: 5 } },
      { log: 'ledger', stream: run.resource, events: [{ type: 'ResultRecorded', data }], expected: { any: true } },
    ],
    runStatus: [{ ...run, status: 'succeeded' }],
  });
}

function figuresOf(
  what: string,
  { ours, bare, size }: { readonly ours: Measured; readonly bare: Measured; readonly size: number },
  budget: number | null,
): readonly Figure[] {
  const peer = `${(ours.perSecond / bare.perSecond).toFixed(2)} × bare inserts, ${size} a transaction (${count(bare.perSecond)}/s)`;
  const cpu = `CPU ms for 1,000: ${ours.cpuMsPerThousand.toFixed(1)}, bare ${bare.cpuMsPerThousand.toFixed(1)}`;
  return [
    {
      what,
      measured: `${count(ours.perSecond)} events/s = ${peer}`,
      budget: budget === null ? '' : `≥ ${count(budget)} events/s`,
      holds: budget === null ? null : ours.perSecond >= budget,
    },
    { what: '', measured: cpu, budget: '', holds: null },
  ];
}

async function unitFigures(storage: Storage, folder: string): Promise<readonly Figure[]> {
  const ones = bareInserts(folder, 1);
  const many = bareInserts(folder, 400);
  const single = writeUnits(storage, { writers: 1, size: 1, name: 'single' });
  const small = writeUnits(storage, { writers: WRITERS, size: 1, name: 'small' });
  const batch = writeUnits(storage, { writers: WRITERS, size: 20, name: 'batch' });
  const none: Measured = { perSecond: 0, cpuMsPerThousand: 0 };
  try {
    const [a = none, b = none, bareA = none] = await measure([single, small, ones.work]);
    const [c = none, bareC = none] = await measure([batch, many.work]);
    return [
      ...figuresOf('single units, one after the other', { ours: a, bare: bareA, size: 1 }, null),
      ...figuresOf(`single units from ${WRITERS} writers, coalesced`, { ours: b, bare: bareA, size: 1 }, 2000),
      ...figuresOf(`units of 20 from ${WRITERS} writers`, { ours: c, bare: bareC, size: 400 }, 20_000),
    ];
  } finally {
    ones.close();
    many.close();
  }
}

async function runFigures(storage: Storage): Promise<readonly Figure[]> {
  const runs = await writeRuns(storage);
  const seconds = runs.cpuMsPerRun * 20;
  const caughtUp = await catchUp(storage);
  return [
    {
      what: 'evaluation runs (9 events, 1 effect)',
      measured: `${count(runs.perSecond)} runs/s, ${seconds.toFixed(1)} CPU s for 20,000`,
      budget: '< 8 CPU s',
      holds: seconds < 8,
    },
    { what: 'memory grown meanwhile', measured: `${(runs.growth / 2 ** 20).toFixed(0)} MB`, budget: '', holds: null },
    { what: 'projections caught up', measured: `${count(caughtUp)} events/s`, budget: '', holds: null },
  ];
}

/** The event store on this disk: how fast, at which durability, and at what cost. */
export async function benchStorage(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-bench-'));
  const storage = await openSqliteStorage({ folder });
  try {
    const settings = Object.entries(await storage.settings()).map(([name, value]) => `${name} ${value}`);
    // Not counted: the compiler of JavaScript warms up.
    await measure([writeUnits(storage, { writers: WRITERS, size: 5, name: 'warm' })]);
    const figures = [...(await unitFigures(storage, folder)), ...(await runFigures(storage))];
    printFigures(`Storage · ${settings.join(' · ')}`, figures);
  } finally {
    await storage.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Events seen per second by all projections. */
async function catchUp(storage: Storage): Promise<number> {
  const from = performance.now();
  await storage.projections.catchUp(WORKSPACE);
  const events = (await storage.events.head(WORKSPACE, 'ledger')) + (await storage.events.head(WORKSPACE, 'runs-0'));
  return events / ((performance.now() - from) / 1000);
}
