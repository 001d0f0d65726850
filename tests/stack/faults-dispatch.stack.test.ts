import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openApp, readSettings, type Context } from '../../runtime/index.ts';
import { loadPlan } from '../../runtime/commands/flows.ts';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import type { RunEvent, RunStarted } from '../../schemas/index.ts';
import { comparableEvents } from '../flows/compare.ts';
import { riskflow, startRiskflow, testEnvironment, type Finished, type Started } from '../riskflow-process.ts';
import { openCountingEndpoint, type CallCount, type CountingEndpoint } from './counting-endpoint.ts';
import { callKey, CALLING, faultFlowText, numbers } from './fault-flow.ts';
import { openFaultRig, until, type FaultRig } from './fault-rig.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';

const SAMPLES = 40;
const CONCURRENCY = 8;
const KILLS = 2;
const { mysql, temporal, missing, reason } = stackServers();

type Summary = { readonly id: string; readonly [key: string]: unknown };
/** What many runs an activity are driven for: a command and what it prints, and how many runs that makes of the samples. */
type Kind = {
  readonly name: string;
  readonly command: readonly string[];
  readonly variants: readonly string[];
  readonly codes: readonly number[];
  /** What must be equal whatever happened on the way. */
  readonly essence: (summary: Summary) => unknown;
};
const KINDS: readonly Kind[] = [
  {
    name: 'an evaluation',
    command: ['eval', 'run', '--a', 'a.yml', '--b', 'b.yml', '--samples', 'faults', '--concurrency', String(CONCURRENCY), '--json'],
    variants: ['A', 'B'],
    codes: [0, 3, 4],
    essence: ({ sampleSet, n, variants, difference, flips, verdict }) => {
      const counted = Object.entries(variants as Readonly<Record<string, Readonly<Record<string, unknown>>>>).map(
        ([name, { accuracy, correct, n: judged, errors, confusion, classes, tokens, calls, reused }]) => [
          name,
          { accuracy, correct, judged, errors, confusion, classes, tokens, calls, reused },
        ],
      );
      return { sampleSet, n, counted, difference, flips, verdict };
    },
  },
  {
    name: 'a batch',
    command: ['run', 'a.yml', '--batch', 'samples.csv', '--concurrency', String(CONCURRENCY), '--json'],
    variants: ['A'],
    codes: [0],
    // One of the two ran in this process.
    essence: (summary) => ({ ...withoutId(summary, summary.id), host: '' }),
  },
];

const withoutId = <T>(value: T, id: string): T => JSON.parse(JSON.stringify(value).replaceAll(id, '<id>')) as T;
const summaryOf = ({ stdout }: Finished): Summary => JSON.parse(stdout) as Summary;

/** Runs as a storage holds them, in the order of their ids, which is that of their places: rows and events without times and without the id. */
type KeptRuns = {
  readonly rows: readonly unknown[];
  readonly events: readonly unknown[];
  readonly results: readonly unknown[];
  /** Keys of the calls they must have made. */
  readonly keys: readonly string[];
};

async function keptOf(context: Context, { id }: Summary): Promise<KeptRuns> {
  const { storage, workspaceId } = context;
  await storage.projections.catchUp(workspaceId);
  const live = await storage.projections.status(workspaceId);
  expect(await storage.projections.rebuild(workspaceId), 'projections built again').toEqual(live);
  expect(await storage.events.unfinishedRuns(workspaceId)).toEqual([]);
  const runs = (await storage.read.runs(workspaceId, { limit: 10_000 }))
    .filter(({ runId }) => runId.startsWith(`${id}.`))
    .toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
  const events: unknown[] = [];
  const keys: string[] = [];
  for (const { runId } of runs) {
    const run = await readRun(context, runId);
    const { data } = run[0] as RunStarted;
    const plan = await loadPlan(context, data.flowVersion, data.planVersion);
    events.push(comparableEvents(plan, withoutId<readonly RunEvent[]>(run, id)));
    const variant = data.origin.kind === 'sample' ? data.origin.variant : 'A';
    keys.push(...CALLING.map((node) => callKey(`${variant}-${node}`, data.inputs as { readonly text: string })));
  }
  const results = await storage.read.results(workspaceId, id, { limit: 10_000 });
  return {
    rows: withoutId(
      runs.map(({ startedAt: _, finishedAt: __, ...row }) => row),
      id,
    ),
    events,
    results: withoutId(
      results.map(({ elapsedMs: _, ...row }) => row),
      id,
    ),
    keys: keys.toSorted(),
  };
}

describe.skipIf(missing)(`kill -9 of workers, many runs in each activity${reason}`, () => {
  let folder: string;
  let database: OwnDatabase;
  let rig: FaultRig;
  let calm: CountingEndpoint;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'riskflow-dispatch-'));
    database = await makeDatabase(mysql);
    rig = await openFaultRig({ mysql: database.url, temporal, taskQueue: database.name });
    calm = await openCountingEndpoint();
  }, 60_000);
  afterEach(async () => {
    await calm.close();
    await rig.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function prepare(environment: Readonly<Record<string, string>>): Promise<void> {
    for (const variant of ['A', 'B']) writeFileSync(join(folder, `${variant.toLowerCase()}.yml`), faultFlowText(`${variant}-`));
    const rows = Array.from({ length: SAMPLES }, (_, i) => `s${i},${['SPAM', 'HAM', 'SCAM'][i % 3] ?? ''},report ${i}`);
    writeFileSync(join(folder, 'samples.csv'), `id,label,text\n${rows.join('\n')}\n`);
    const imported = await riskflow(['sample', 'import', 'faults', 'samples.csv', '--json'], environment, folder);
    expect(imported.code, imported.stderr).toBe(0);
  }

  /** In this process, on SQLite, with nobody in the way. */
  async function undisturbedRuns({ command, variants, codes }: Kind): Promise<{ readonly finished: Finished; readonly kept: KeptRuns }> {
    const environment = testEnvironment(join(folder, 'calm'), { OPENAI_BASE_URL: calm.url });
    await prepare(environment);
    const finished = await riskflow(command, environment, folder);
    expect(codes, finished.stderr).toContain(finished.code);
    const app = await openApp(readSettings(environment, folder), { actor: 'faults' });
    try {
      const kept = await keptOf(app.context, summaryOf(finished));
      expect(kept.rows).toHaveLength(SAMPLES * variants.length);
      expect([...calm.calls().keys()].toSorted()).toEqual(kept.keys);
      expect([calm.begun(), calm.answered()]).toEqual([kept.keys.length, kept.keys.length]);
      return { finished, kept };
    } finally {
      await app.close();
    }
  }

  it.each(KINDS)(
    `at random moments of $name: the same outputs, events and rows as undisturbed, and only calls in flight are made again`,
    { timeout: 240_000 },
    async (kind) => {
      const undisturbed = await undisturbedRuns(kind);
      const calls = undisturbed.kept.keys.length;
      await prepare(rig.environment);
      const { endpoint } = rig;
      const random = numbers(20261124);
      const workers: Started[] = [await rig.startWorker(), await rig.startWorker()];
      const running = startRiskflow([...kind.command, '--on', 'temporal'], rig.environment, folder);
      const faults: { readonly before: ReadonlyMap<string, CallCount>; readonly after: ReadonlyMap<string, CallCount> }[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        // Since the last fault, and not since its workers were replaced: the new ones begin at once.
        const before = faults.at(-1)?.after ?? new Map<string, CallCount>();
        const moment = endpoint.begun() + 1 + random(calls / (KILLS + 1));
        await until(() => endpoint.begun() >= moment || running.child.exitCode !== null, `call ${moment}`);
        // The first time all go while answers are held back, so that it certainly hits calls in flight; then one of the two.
        const release = kill === 0 ? endpoint.hold() : undefined;
        if (kill === 0) await until(() => endpoint.begun() > endpoint.answered(), 'a call in flight');
        const victims = kill === 0 ? workers.splice(0) : workers.splice(random(workers.length), 1);
        for (const { child } of victims) child.kill('SIGKILL');
        await Promise.all(victims.map(({ finished: gone }) => gone));
        release?.();
        faults.push({ before, after: endpoint.calls() });
        for (const _ of victims) workers.push(await rig.startWorker());
      }
      const finished = await running.finished;
      expect(finished.code, finished.stderr).toBe(undisturbed.finished.code);
      expect(kind.essence(summaryOf(finished))).toEqual(kind.essence(summaryOf(undisturbed.finished)));

      const kept = await keptOf(rig.app.context, summaryOf(finished));
      for (const [at, events] of kept.events.entries()) expect(events, `events of run ${at + 1}`).toEqual(undisturbed.kept.events[at]);
      expect(kept).toEqual(undisturbed.kept);
      expectFewRepeats(endpoint, kept.keys, faults);
      for (const { child } of workers) child.kill('SIGTERM');
      expect(await Promise.all(workers.map(async (worker) => (await worker.finished).code))).toEqual(workers.map(() => 0));
    },
  );

  /** At most the calls in flight at each kill were made again, and none that had been answered before the kill's part of the time. */
  function expectFewRepeats(
    endpoint: CountingEndpoint,
    keys: readonly string[],
    faults: readonly { readonly before: ReadonlyMap<string, CallCount>; readonly after: ReadonlyMap<string, CallCount> }[],
  ): void {
    const calls = endpoint.calls();
    expect([...calls.keys()].toSorted()).toEqual(keys);
    const repeated = [...calls.values()].reduce((sum, { begun }) => sum + begun - 1, 0);
    process.stdout.write(`${faults.length} kills, ${keys.length} calls, ${repeated} of them made again\n`);
    expect(repeated).toBeGreaterThan(0);
    expect(repeated).toBeLessThanOrEqual(faults.length * CONCURRENCY);
    for (const [key, { begun }] of calls) {
      const chances = faults.filter(({ before, after }) => (after.get(key)?.begun ?? 0) > (before.get(key)?.answered ?? 0)).length;
      expect(begun, `calls of ${key}`).toBeLessThanOrEqual(1 + chances);
    }
  }
});
