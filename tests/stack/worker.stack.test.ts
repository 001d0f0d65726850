import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMockModel, type MockModel } from '../../bench/mock-model.ts';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import type { Context } from '../../runtime/index.ts';
import { workflowIdOf } from '../../runtime/temporal/run-labels.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { llmFlow } from '../llm-flow.ts';
import { stackServers } from './own-database.ts';
import { askFor, drain, openWorkerRig, publish, USUAL_HTTP, type WorkerRig } from './worker-rig.ts';

const { temporal, missing, reason } = stackServers();

describe.skipIf(missing)(`workers in processes of their own${reason}`, { timeout: 180_000 }, () => {
  let rig: WorkerRig;
  let mock: MockModel;
  let held: PromiseWithResolvers<void>;
  let model: Readonly<Record<string, string>>;
  let raw: Connection;
  beforeAll(async () => {
    raw = await Connection.connect({ address: temporal });
  });
  afterAll(() => raw.close());
  beforeEach(async () => {
    rig = await openWorkerRig();
    held = Promise.withResolvers();
  });
  afterEach(async () => {
    held.resolve();
    await rig.close();
    await mock.close();
  });

  /** Answers take so long; from the `heldFrom`th on they wait for the test too. */
  const serveModel = async (delayMs: number, heldFrom = Infinity): Promise<void> => {
    mock = await startMockModel({ delayMs, labels: ['spam'], held: held.promise, heldFrom });
    model = { OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1`, OPENAI_API_KEY: 'none' };
  };
  const published = async (): Promise<{ readonly context: Context; readonly ask: (text: string) => Promise<RunFlowArgs> }> => {
    const file = join(rig.folder, 'flow.yml');
    writeFileSync(file, llmFlow('Spam or ham?'));
    const context = await rig.app(model);
    const flowVersion = await publish(context, file);
    return { context, ask: (text) => askFor(context, { flowVersion, text }) };
  };

  it('two of them share many runs; one that is drained in the middle loses none, and pays for nothing twice', async () => {
    await serveModel(20, 21);
    const { context, ask } = await published();
    const client = await rig.client(context);
    const workers = await Promise.all([rig.worker(model, ['--max-effects', '4']), rig.worker(model, ['--max-effects', '4'])]);
    const runs = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(`report ${i}`)));
    await Promise.all(runs.map((args) => client.start(args)));
    await expect.poll(() => mock.calls(), { timeout: 60_000 }).toMatchObject({ begun: 28, answered: 20 });
    const [first] = workers;
    const ended = drain(first);
    await expect.poll(first.told, { timeout: 20_000 }).toContain('waits for 4 effects (llm, llm, llm, llm)');
    held.resolve();
    const drained = await ended;
    expect(drained.code, drained.stderr).toBe(0);
    const results = await Promise.all(runs.map((args) => client.result(args)));
    expect(results.map((result) => (result.status === 'finished' ? result.data.status : result.status))).toEqual(
      runs.map(() => 'succeeded'),
    );
    for (const { runId } of runs) {
      const types = (await readRun(context, runId)).map(({ type }) => type);
      expect(types.filter((type) => type === 'RunStarted' || type === 'RunFinished')).toEqual(['RunStarted', 'RunFinished']);
    }
    expect(mock.calls()).toMatchObject({ begun: 60, distinct: 60, repeated: 0 });
    const identities = await Promise.all(runs.map((args) => workersOf(raw, args)));
    expect(new Set(identities.flat()).size).toBe(2);
  });

  it('one that is stopped gives its effects some seconds, aborts them then, and another performs them', async () => {
    await serveModel(1, 1);
    const { context, ask } = await published();
    const client = await rig.client(context);
    const worker = await rig.worker(model, ['--drain-seconds', '1']);
    const args = await ask('x');
    await client.start(args);
    await expect.poll(() => mock.calls().begun, { timeout: 30_000 }).toBe(1);
    const stopped = await drain(worker);
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(stopped.stderr).toContain('gives the effects in flight 1 s to end');
    expect(stopped.stderr).toContain('waits for 1 effect (llm)');
    await rig.worker(model);
    await expect.poll(() => mock.calls().begun, { timeout: 60_000 }).toBe(2);
    held.resolve();
    expect(await client.result(args)).toMatchObject({ data: { status: 'succeeded' } });
  });

  it('a second signal stops it at once', async () => {
    await serveModel(1, 1);
    const { context, ask } = await published();
    const client = await rig.client(context);
    const worker = await rig.worker(model);
    await client.start(await ask('x'));
    await expect.poll(() => mock.calls().begun, { timeout: 30_000 }).toBe(1);
    worker.child.kill('SIGINT');
    await expect.poll(worker.told).toContain('waits for 1 effect (llm)');
    worker.child.kill('SIGINT');
    expect((await worker.finished).code).toBe(130);
  });

  it('tells of its health and its figures', async () => {
    await serveModel(1);
    const { context, ask } = await published();
    const client = await rig.client(context);
    const worker = await rig.worker({ ...model, RISKFLOW_BUILD_ID: '' });
    const url = worker.ready.http ?? '';
    const args = await ask('x');
    await client.start(args);
    await client.result(args);
    const get = async (path: string): Promise<readonly [number, string]> => {
      const response = await fetch(`${url}${path}`);
      return [response.status, await response.text()];
    };
    expect(await get('/health/live')).toEqual([200, '{"status":"live"}\n']);
    expect(await get('/health/ready')).toEqual([200, '{"status":"ready"}\n']);
    expect((await get('/other'))[0]).toBe(404);
    const [status, metrics] = await get('/metrics');
    expect(status).toBe(200);
    const { flow } = args.started.data;
    for (const line of [
      `riskflow_flow_runs_total{flow="${flow}",status="succeeded"} 1`,
      'riskflow_effects_total{kind="llm",status="succeeded"} 1',
      'riskflow_node_duration_seconds_count{type="llm"} 1',
      'riskflow_worker_draining 0',
      'riskflow_llm_tokens_total{model="openai/mock",direction="output"} 1',
    ]) {
      expect(metrics).toContain(line);
    }
    expect(metrics).toMatch(/^temporal_worker_task_slots_available\{/m);
    expect(metrics).toMatch(/^temporal_activity_schedule_to_start_latency_seconds_count\{/m);
    expect(metrics).not.toContain(args.runId);
    const occupied = await rig.cli(['worker', '--http', new URL(url).host], model);
    expect([occupied.code, occupied.stderr]).toEqual([2, expect.stringContaining(`the port ${new URL(url).port} of 127.0.0.1`)]);
    const silent = await rig.worker(model, ['--no-http']);
    expect(silent.ready.http).toBeNull();
  });

  it('finds a port when its usual one is occupied, and is not ready while it drains', async () => {
    await serveModel(1, 1);
    const { context, ask } = await published();
    const other = createServer();
    await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(9_464, '127.0.0.1', resolve));
    try {
      const client = await rig.client(context);
      const worker = await rig.worker(model, [USUAL_HTTP]);
      expect(worker.told()).toContain('the port 9464 is occupied');
      await client.start(await ask('x'));
      await expect.poll(() => mock.calls().begun, { timeout: 30_000 }).toBe(1);
      worker.child.kill('SIGTERM');
      const ready = (): Promise<string> => fetch(`${worker.ready.http}/health/ready`).then((response) => response.text(), String);
      await expect.poll(ready).toBe('{"status":"unavailable","reasons":["the worker is draining"]}\n');
      held.resolve();
      expect((await worker.finished).code).toBe(0);
    } finally {
      other.close();
    }
  });

  it('builds: runs end on the one they began on, new ones go to the new one, and an old worker takes nothing back', async () => {
    await serveModel(1, 1);
    const { context, ask } = await published();
    const client = await rig.client(context);
    await rig.worker(model, ['--build-id', 'A', '--make-current']);
    const old = await ask('old');
    await client.start(old);
    await expect.poll(() => mock.calls().begun, { timeout: 30_000 }).toBe(1);

    const b = await rig.worker(model, ['--build-id', 'B', '--make-current']);
    expect(b.ready.buildId).toBe('B');
    expect(b.told()).toContain('new runs go to the build B from now on; runs under way stay with the build A');
    const fresh = await ask('new');
    await client.start(fresh);
    await expect.poll(() => mock.calls().begun, { timeout: 30_000 }).toBe(2);
    held.resolve();
    for (const args of [old, fresh]) expect(await client.result(args)).toMatchObject({ data: { status: 'succeeded' } });
    expect([await buildOf(raw, old), await buildOf(raw, fresh)]).toEqual(['A', 'B']);
    expect([new Set(await workersOf(raw, old)).size, new Set(await workersOf(raw, fresh)).size]).toEqual([1, 1]);
    expect(await workersOf(raw, old)).not.toEqual(expect.arrayContaining([...(await workersOf(raw, fresh))]));

    const again = await rig.worker(model, ['--build-id', 'A', '--make-current']);
    expect(again.told()).toContain('new runs stay with the build B');
    const listed = JSON.parse((await rig.cli(['worker', '--builds', '--json'])).stdout) as { readonly builds: readonly unknown[] };
    expect(listed.builds).toMatchObject([
      { buildId: 'B', state: 'current' },
      { buildId: 'A', state: expect.stringMatching(/^drain(?:ing|ed)$/) },
    ]);
    expect((await rig.cli(['worker', '--promote', 'A'])).stdout).toContain('new runs go to the build A from now on');
    const back = await ask('back');
    await client.start(back);
    await client.result(back);
    expect(await buildOf(raw, back)).toBe('A');
    const unknown = await rig.cli(['worker', '--promote', 'C']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Temporal knows no worker of the build "C"')]);
  });
});

/** Who worked on a run, by what Temporal noted. */
async function workersOf(connection: Connection, args: RunFlowArgs): Promise<readonly string[]> {
  const { events } = await new Client({ connection }).workflow.getHandle(workflowIdOf(args)).fetchHistory();
  return (events ?? [])
    .map(
      ({ workflowTaskCompletedEventAttributes: task, activityTaskCompletedEventAttributes: activity }) =>
        (task ?? activity)?.identity ?? '',
    )
    .filter((identity) => identity !== '');
}

async function buildOf(connection: Connection, args: RunFlowArgs): Promise<string | undefined> {
  const execution = { workflowId: workflowIdOf(args) };
  const { workflowExecutionInfo: info } = await connection.workflowService.describeWorkflowExecution({ namespace: 'default', execution });
  return info?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
}
