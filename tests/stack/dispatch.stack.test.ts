import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fiveEffects } from '../../bench/temporal/flow.ts';
import { noteWish } from '../../runtime/commands/batches/batch-control.ts';
import { fileBatchKind } from '../../runtime/commands/batches/batch-file-work.ts';
import type { BatchKind } from '../../runtime/commands/batches/batch-work.ts';
import { evaluationKind } from '../../runtime/commands/evaluations/evaluation-work.ts';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import {
  openApp,
  publishFlowFile,
  readSettings,
  runBatch,
  showBatchRuns,
  wishForBatch,
  type App,
  type BatchSummary,
} from '../../runtime/index.ts';
import { appActivities, prepareBundle } from '../../runtime/temporal/app-worker.ts';
import { createBatchActivities } from '../../runtime/temporal/batch-activities.ts';
import { connectBatchClient } from '../../runtime/temporal/batch-client.ts';
import { startRunWorker } from '../../runtime/temporal/worker.ts';
import { neededTemporal } from '../../runtime/temporal/place.ts';
import { RiskflowError, type Pin, type RunEvent, type Storage } from '../../schemas/index.ts';
import { testEnvironment, withFolder } from '../riskflow-process.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';

const { mysql, temporal, missing, reason } = stackServers();

/** Events without their times and ids. */
const TIMES = new Set(['at', 'startedAt', 'elapsedMs', 'effectMs']);
const comparable = (events: readonly RunEvent[], batchId: string): unknown =>
  JSON.parse(
    JSON.stringify(events, (key, value: unknown) => (TIMES.has(key) || key === 'timestamp' ? undefined : value)).replaceAll(
      batchId,
      '<batch>',
    ),
  );

// They wait most of their time, each on a task queue of its own.
describe.skipIf(missing)(`batches on MySQL and Temporal${reason}`, { timeout: 240_000, concurrent: true }, () => {
  let database: OwnDatabase;
  let workflowBundle: Awaited<ReturnType<typeof prepareBundle>>;
  beforeAll(async () => {
    workflowBundle = await prepareBundle();
    database = await makeDatabase(mysql);
    const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: { logging: { filter } } });
  });
  afterAll(() => database.drop());

  type Rig = { readonly app: App; readonly folder: string };
  /** An application and a worker over it; `change`: what is done to the runs of files. */
  const withRig = (
    queue: string,
    change: (kind: BatchKind) => BatchKind,
    use: (rig: Rig) => Promise<void>,
    worn: (storage: Storage) => Storage = (storage) => storage,
  ): Promise<void> =>
    withFolder(async (folder) => {
      const environment = testEnvironment(join(folder, 'data'), {
        RISKFLOW_MYSQL_URL: database.url,
        RISKFLOW_TEMPORAL_ADDRESS: temporal,
        RISKFLOW_TEMPORAL_TASK_QUEUE: `${database.name}-${queue}`,
      });
      const app = await openApp(readSettings(environment, folder), { actor: 'tester' });
      const { context } = app;
      const tired = { ...context, storage: worn(context.storage) };
      const kinds = { evaluation: evaluationKind(tired), batch: change(fileBatchKind(tired)) };
      const activities = { ...appActivities(context), ...createBatchActivities({ context: tired, kinds }) };
      const worker = await startRunWorker({ ...neededTemporal(context.settings.temporal), workflowBundle, activities });
      try {
        await use({ app, folder });
      } finally {
        await worker.stop();
        await app.close();
      }
    });

  type Asked = {
    readonly rows: number;
    readonly on: 'here' | 'temporal';
    readonly pins?: Readonly<Record<string, Pin>>;
    readonly onId?: (id: string) => void;
  };
  const run = async ({ app, folder }: Rig, { rows, on, pins = {}, onId }: Asked): Promise<BatchSummary> => {
    writeFileSync(join(folder, 'flow.yml'), fiveEffects());
    const lines = Array.from({ length: rows }, (_, n) => JSON.stringify({ n }));
    lines.splice(1, 0, '{"n": "many"}');
    writeFileSync(join(folder, 'rows.ndjson'), `${lines.join('\n')}\n`);
    const { plan } = await publishFlowFile(app.context, join(folder, 'flow.yml'));
    const request = { plan, file: join(folder, 'rows.ndjson'), pins, modelMap: {}, concurrency: 50 };
    return runBatch(app.context, request, {
      on,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onStarted: ({ batchId }) => onId?.(batchId),
    });
  };
  const eventsOf = async ({ app }: Rig, id: string): Promise<readonly unknown[]> => {
    const events: unknown[] = [];
    for await (const { runId } of showBatchRuns(app.context, id)) events.push(comparable(await readRun(app.context, runId), id));
    return events;
  };

  it('have the events, outputs and counts of one in this process', async () => {
    await withRig(
      'same',
      (kind) => kind,
      async (rig) => {
        const here = await run(rig, { rows: 90, on: 'here' });
        const began = performance.now();
        const there = await run(rig, { rows: 90, on: 'temporal' });
        const took = Math.round(performance.now() - began);
        expect([here.host, there.host]).toEqual(['here', 'temporal']);
        expect({ ...there, id: '', host: 'here' }).toEqual({ ...here, id: '' });
        expect([there.succeeded, there.runs, there.rejected]).toEqual([
          90,
          90,
          [{ line: 2, error: expect.stringContaining('number') as string }],
        ]);
        expect(await eventsOf(rig, there.id)).toEqual(await eventsOf(rig, here.id));
        const [first] = await Array.fromAsync(showBatchRuns(rig.app.context, there.id));
        expect(first).toMatchObject({ line: 1, status: 'succeeded', outputs: { out: 5 } });
        expect(took, 'milliseconds').toBeLessThan(60_000);
      },
    );
  });

  it('a run that cannot be driven is given up and named, and holds up no other', async () => {
    const poison = new Set([7, 61]);
    const tried = new Map<number, number>();
    const poisoned = (kind: BatchKind): BatchKind => ({
      ...kind,
      open: async (id) => {
        const work = await kind.open(id);
        return {
          ...work,
          runs: async (places) =>
            (await work.runs(places)).map((one) =>
              poison.has(one.place)
                ? {
                    ...one,
                    drive: () => {
                      tried.set(one.place, (tried.get(one.place) ?? 0) + 1);
                      return Promise.reject(new Error('its row is poison'));
                    },
                  }
                : one,
            ),
        };
      },
    });
    await withRig('poison', poisoned, async (rig) => {
      const batch = await run(rig, { rows: 90, on: 'temporal' });
      expect([batch.succeeded, batch.failed]).toEqual([88, 2]);
      // Three times beside the others, three times alone.
      expect(tried).toEqual(
        new Map([
          [7, 6],
          [61, 6],
        ]),
      );
      const runs = await Array.fromAsync(showBatchRuns(rig.app.context, batch.id));
      expect(runs[7]).toMatchObject({ status: 'failed', error: 'the run was given up, as it could not be driven: its row is poison' });
      const client = await connectBatchClient(rig.app.context);
      const result = await client.result({ workspaceId: 'default', kind: 'batch', id: batch.id });
      expect(result.poisoned.map(({ place }) => place).toSorted((a, b) => a - b)).toEqual([7, 61]);
      await client.close();
    });
  });

  const readOnly = () => new RiskflowError('busy', 'the server has taken no writes for 30 s: read-only');
  const unreachable = () => new RiskflowError('failed', 'the server could not be reached for 30 s');

  it('storage that is busy is not taken for a lost lease', async () => {
    const refused: string[] = [];
    const once = (storage: Storage): Storage => ({
      ...storage,
      events: {
        ...storage.events,
        write: (unit) => {
          const run = unit.correlationId ?? '';
          if (run === '' || refused.length === 2 || refused.includes(run)) return storage.events.write(unit);
          refused.push(run);
          return Promise.reject(refused.length === 1 ? readOnly() : unreachable());
        },
      },
    });
    await withRig(
      'busy',
      (kind) => kind,
      async (rig) => {
        const batch = await run(rig, { rows: 90, on: 'temporal' });
        expect([refused.length, batch.succeeded, batch.failed]).toEqual([2, 90, 0]);
      },
      once,
    );
  });

  it.each([
    { name: 'takes no writes', away: readOnly, reads: false },
    { name: 'is not reached', away: unreachable, reads: true },
  ])('storage that $name for longer than all attempts is waited for, and no run is given up', async ({ name, away, reads }) => {
    const ATTEMPTS = 3;
    let until = 0;
    let refused = 0;
    const isAway = (): boolean => {
      if (until === 0) until = Date.now() + 8_000;
      if (Date.now() >= until) return false;
      refused++;
      return true;
    };
    const without = (storage: Storage): Storage => {
      const { leases, blobs, events } = storage;
      return {
        ...storage,
        blobs: { ...blobs, read: (...args) => (reads && isAway() ? Promise.reject(away()) : blobs.read(...args)) },
        events: { ...events, write: (unit) => (isAway() ? Promise.reject(away()) : events.write(unit)) },
        leases: {
          ...leases,
          renew: (...args) => (until > 0 && isAway() ? Promise.reject(away()) : leases.renew(...args)),
          take: (...args) => (until > 0 && isAway() ? Promise.reject(away()) : leases.take(...args)),
        },
      };
    };
    await withRig(
      name.replaceAll(' ', '-'),
      (kind) => kind,
      async (rig) => {
        const batch = await run(rig, { rows: 90, on: 'temporal' });
        expect([batch.succeeded, batch.failed]).toEqual([90, 0]);
        expect(refused).toBeGreaterThan(ATTEMPTS);
        const client = await connectBatchClient(rig.app.context);
        expect((await client.result({ workspaceId: 'default', kind: 'batch', id: batch.id })).poisoned).toEqual([]);
        await client.close();
      },
      without,
    );
  });

  it.for(['told', 'not told'])('one that is paused and then cancelled ends, its workflow being %s', async (told, { expect }) => {
    await withRig(
      told.replace(' ', '-'),
      (kind) => kind,
      async (rig) => {
        const { context } = rig.app;
        const pins = Object.fromEntries(['one', 'two', 'three'].map((node) => [node, { outputs: { out: 1 }, delayMs: 5_000 }]));
        let id = '';
        const running = run(rig, { rows: 60, on: 'temporal', pins, onId: (known) => (id = known) });
        running.catch(() => undefined);
        const client = await connectBatchClient(context);
        await expect.poll(() => id, { timeout: 30_000 }).not.toBe('');
        const name = { workspaceId: 'default', kind: 'batch', id } as const;
        const phase = async () => (await client.view(name)).phase;
        const wish = async (what: 'pause' | 'cancel'): Promise<unknown> =>
          told === 'told'
            ? wishForBatch(context, id, { wish: what })
            : noteWish(context, `batch/${id}`, { wish: what, reason: 'by a process that cannot reach Temporal' });
        await expect.poll(async () => (await client.view(name).catch(() => undefined))?.phase, { timeout: 30_000 }).toBe('running');
        await wish('pause');
        await expect.poll(phase, { timeout: 20_000 }).toBe('paused');
        // Whoever followed it is told, and leaves.
        await expect(running).rejects.toThrow('was paused');
        const began = performance.now();
        await wish('cancel');
        expect((await client.result(name)).status).toBe('stopped');
        expect(performance.now() - began, 'milliseconds').toBeLessThan(told === 'told' ? 15_000 : 45_000);
        await client.close();
      },
    );
  });

  it('what cannot be told to its workflow is told to whoever asked', async () => {
    await withRig(
      'untold',
      (kind) => kind,
      async (rig) => {
        const { context } = rig.app;
        const batch = await run(rig, { rows: 1, on: 'temporal' });
        const place = { ...neededTemporal(context.settings.temporal), address: '127.0.0.1:1' };
        const nowhere = { ...context, settings: { ...context.settings, temporal: place } };
        const warnings: string[] = [];
        const ask = () => wishForBatch(nowhere, batch.id, { wish: 'pause', onWarning: (sentence) => warnings.push(sentence) });
        await ask();
        expect(warnings).toEqual([]);
        const { storage } = context;
        // As before its end was noted.
        const events = {
          ...storage.events,
          readStream: async (...[workspace, stream, options]: Parameters<typeof storage.events.readStream>) =>
            (await storage.events.readStream(workspace, stream, options)).slice(0, stream === `batch/${batch.id}` ? 1 : undefined),
        };
        await wishForBatch({ ...nowhere, storage: { ...storage, events } }, batch.id, {
          wish: 'cancel',
          onWarning: (sentence) => warnings.push(sentence),
        });
        expect(warnings).toEqual([
          expect.stringContaining(`the workflow of batch ${batch.id} could not be told, and will see it by itself: `),
        ]);
      },
    );
  });

  it('goes on as new executions, with what was counted', async () => {
    await withRig(
      'long',
      (kind) => kind,
      async (rig) => {
        const { context } = rig.app;
        // Begun here and paused at once, so that the workflow can be started with a limit of its own.
        const stopped = new AbortController();
        let id = '';
        writeFileSync(join(rig.folder, 'flow.yml'), fiveEffects());
        writeFileSync(join(rig.folder, 'rows.csv'), `n\n${Array.from({ length: 120 }, (_, n) => n).join('\n')}\n`);
        const { plan } = await publishFlowFile(context, join(rig.folder, 'flow.yml'));
        const request = { plan, file: join(rig.folder, 'rows.csv'), pins: {}, modelMap: {}, concurrency: 10 };
        const onStarted = ({ batchId }: { readonly batchId: string }): void => {
          id = batchId;
          stopped.abort(new Error('enough'));
        };
        await expect(
          runBatch(context, request, { on: 'here', signal: stopped.signal, onProgress: () => undefined, onStarted }),
        ).rejects.toThrow('enough');
        const client = await connectBatchClient(context);
        const name = { workspaceId: 'default', kind: 'batch', id } as const;
        const labels = { title: 'long', details: [], attributes: {} };
        await client.start({ ...name, spread: { runsPerActivity: 10, window: 3 }, chunksPerExecution: 4 }, labels);
        const result = await client.result(name);
        expect([result.status, result.counts]).toEqual(['finished', { succeeded: 120, failed: 0, stopped: 0, handedOver: 0 }]);
        const view = await client.view(name);
        expect(view).toMatchObject({ phase: 'over', total: 120, counts: result.counts, underWay: [] });
        await client.close();
        const connection = await Connection.connect({ address: temporal });
        const shard = new Client({ connection }).workflow.getHandle(`default/batch/${id}/shard-0`);
        const history = await shard.fetchHistory();
        const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
        expect(started?.continuedExecutionRunId ?? '').not.toBe('');
        const activities = history.events?.filter(({ activityTaskScheduledEventAttributes: item }) => item != null) ?? [];
        expect(activities.length).toBeLessThanOrEqual(4);
        await connection.close();
      },
    );
  });

  it('a run that waits for long is handed to a workflow of its own', async ({ expect }) => {
    await withRig(
      'waits',
      (kind) => kind,
      async (rig) => {
        const batch = await run(rig, { rows: 3, on: 'temporal', pins: { three: { outputs: { out: 9 }, delayMs: 31_000 } } });
        expect([batch.succeeded, batch.handedOver]).toEqual([0, 3]);
        const runs = await Array.fromAsync(showBatchRuns(rig.app.context, batch.id));
        const runId = runs[0]?.runId ?? '';
        const connection = await Connection.connect({ address: temporal });
        const client = new Client({ connection });
        for (const one of runs) {
          const handle = client.workflow.getHandle(`default/run/${one.runId}`);
          expect((await handle.describe()).status.name).toBe('RUNNING');
        }
        // Each goes on from its events, to the same end.
        await expect
          .poll(async () => (await readRun(rig.app.context, runId)).at(-1)?.type, { timeout: 90_000, interval: 500 })
          .toBe('RunFinished');
        const events = await readRun(rig.app.context, runId);
        expect(events.filter(({ type }) => type === 'RunPaused' || type === 'RunResumed').map(({ type }) => type)).toEqual([
          'RunPaused',
          'RunResumed',
        ]);
        const end = events.at(-1);
        expect(end?.data).toMatchObject({ status: 'succeeded', outputs: { out: 11 } });
        await connection.close();
      },
    );
  });
});
