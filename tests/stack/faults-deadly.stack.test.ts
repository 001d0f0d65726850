import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishFlowFile, runBatch, showBatchRuns } from '../../runtime/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { faultFlowText, faultInputs } from './fault-flow.ts';
import { expectAgreement, openFaultRig, until, type FaultRig } from './fault-rig.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';
import { driveUndisturbed } from './undisturbed.ts';

const WORKERS = 2;
const GOOD = 12;
const EFFECT_ATTEMPTS = 3;
const ROWS = 4;
const POISONED_ROW = 2;
/** No other run has this text. */
const POISON = '[report 6666]';
const { mysql, temporal, missing, reason } = stackServers();

describe.skipIf(missing)(`a run whose effect kills its worker${reason}`, () => {
  let database: OwnDatabase;
  let rig: FaultRig;
  let folder: string;
  let fleet: Fleet;
  beforeAll(async () => {
    database = await makeDatabase(mysql);
    rig = await openFaultRig({ mysql: database.url, temporal, taskQueue: database.name, effectAttempts: EFFECT_ATTEMPTS });
    folder = mkdtempSync(join(tmpdir(), 'riskflow-deadly-'));
    fleet = startFleet(rig.environment);
    await until(() => fleet.ready() === WORKERS, 'the workers work');
  }, 90_000);
  afterAll(async () => {
    await fleet.stop();
    await rig.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it(
    `per node: it fails after so many workers, ${WORKERS} of which are started again and again, and the runs beside it end as undisturbed ones`,
    { timeout: 180_000 },
    async () => {
      const inputs = faultInputs(GOOD);
      const undisturbed = await driveUndisturbed(inputs);
      const args = rig.argsOf(undisturbed);
      const [like] = args;
      if (like === undefined) throw new Error('there are no runs');
      const deadly = withText(like, `${like.runId}-deadly`, 'report 6666');
      await Promise.all([...args.slice(0, GOOD / 2), deadly, ...args.slice(GOOD / 2)].map((run) => rig.client.start(run)));
      const ends = await Promise.all(args.map((run) => rig.client.result(run)));
      expect(ends.map((end) => end.status === 'finished' && [end.data.status, end.data.error])).toEqual(
        inputs.map(() => ['succeeded', null]),
      );
      const error = expect.stringMatching(/could not be performed: .* \(tried 3 times, limit temporal\.effectAttempts\)$/);
      expect(await rig.client.result(deadly)).toMatchObject({ status: 'finished', data: { status: 'failed', error } });
      expect(fleet.deaths()).toEqual(Array.from({ length: EFFECT_ATTEMPTS }, () => deadly.runId));
      await expectAgreement(rig, inputs, undisturbed, { besideOthers: true });
    },
  );

  it('per run: it is given up when it was alone with its worker, and the other rows succeed', { timeout: 180_000 }, async () => {
    await until(() => fleet.ready() === WORKERS, 'the workers work again');
    const before = fleet.deaths().length;
    const { batch, id } = await startBatch();
    expect(await batch).toMatchObject({ succeeded: ROWS - 1, failed: 1 });
    const rows = await Array.fromAsync(showBatchRuns(rig.app.context, await id));
    expect(rows.map(({ status }) => status)).toEqual(Array.from({ length: ROWS }, (_, n) => (n === POISONED_ROW ? 'failed' : 'succeeded')));
    expect(rows[POISONED_ROW]?.error).toMatch(/^the run was given up, as it could not be driven: /);
    const deaths = fleet.deaths().slice(before);
    process.stdout.write(`per run: ${deaths.length} workers died\n`);
    expect(new Set(deaths)).toEqual(new Set([rows[POISONED_ROW]?.runId]));
  });

  const withText = (like: RunFlowArgs, runId: string, text: string): RunFlowArgs => ({
    ...like,
    runId,
    started: { ...like.started, data: { ...like.started.data, runId, inputs: { text }, system: { workflow_run_id: runId } } },
  });

  async function startBatch() {
    const { context } = rig.app;
    writeFileSync(
      join(folder, 'rows.csv'),
      `text\n${Array.from({ length: ROWS }, (_, n) => `report ${n === POISONED_ROW ? 6666 : 7_000 + n}`).join('\n')}\n`,
    );
    writeFileSync(join(folder, 'batch.yml'), faultFlowText());
    const { plan } = await publishFlowFile(context, join(folder, 'batch.yml'));
    const started = Promise.withResolvers<string>();
    const request = { plan, file: join(folder, 'rows.csv'), pins: {}, modelMap: {}, concurrency: 4 };
    const batch = runBatch(context, request, {
      on: 'temporal',
      spread: { runsPerActivity: 1, window: 4, shards: 1 },
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onStarted: ({ batchId }) => started.resolve(batchId),
    });
    batch.catch(started.reject);
    return { batch, id: started.promise };
  }
});

type Fleet = {
  /** Workers that work now. */
  ready(): number;
  /** The runs for which workers died, in order. */
  deaths(): readonly string[];
  stop(): Promise<void>;
};

/** Workers in processes of their own, of which each that dies is replaced by another. */
function startFleet(environment: Readonly<Record<string, string>>): Fleet {
  const script = fileURLToPath(new URL('./dying-worker.ts', import.meta.url));
  const deaths: string[] = [];
  const working = new Set<ChildProcess>();
  let isStopping = false;
  const keepOne = async (): Promise<void> => {
    while (!isStopping) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, 'left1', POISON], {
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.add(child);
      createInterface(child.stdout).on('line', (line) => {
        if (line === 'ready') working.add(child);
        else deaths.push(line);
      });
      await new Promise((resolve) => child.once('close', resolve));
      working.delete(child);
      children.delete(child);
    }
  };
  const children = new Set<ChildProcess>();
  const slots = Array.from({ length: WORKERS }, keepOne);
  return {
    ready: () => working.size,
    deaths: () => deaths,
    stop: async () => {
      isStopping = true;
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(slots);
    },
  };
}
