import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import { PROJECT, startRiskflow, type Started } from '../riskflow-process.ts';
import { stackServers } from './own-database.ts';
import { openWorkerRig, type Environment, type WorkerRig } from './worker-rig.ts';

const { temporal, missing, reason } = stackServers();
const FLOW = join(PROJECT, 'examples', 'report-triage', 'triage-rules.yml');
const INPUTS = ['--inputs', '{"text": "You won a prize"}'];
/** Of Temporal's API, by their numbers. */
const STATES: Readonly<Record<number, string>> = { 1: 'RUNNING', 2: 'COMPLETED', 5: 'TERMINATED' };
const keyOf = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

describe.skipIf(missing)(`commands that follow work on Temporal${reason}`, { timeout: 120_000 }, () => {
  let rig: WorkerRig;
  let server: Connection;
  const children: Started[] = [];
  beforeAll(async () => {
    server = await Connection.connect({ address: temporal });
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    rig = await openWorkerRig();
  });
  afterEach(async () => {
    for (const { child, finished } of children.splice(0)) {
      child.kill('SIGKILL');
      await finished;
    }
    await rig.close();
  });

  /** A command that is under way; `until` resolves with what it told once that holds a text. */
  const follow = (args: readonly string[], extra?: Environment) => {
    const started = startRiskflow([...args, '--on', 'temporal'], rig.environment(extra));
    children.push(started);
    let told = '';
    started.child.stderr?.on('data', (text: string) => (told += text));
    const until = async (text: RegExp): Promise<RegExpExecArray> => {
      await expect.poll(() => told, { timeout: 20_000 }).toMatch(text);
      return text.exec(told) ?? expect.unreachable();
    };
    const after = async (act: () => unknown) => {
      const began = performance.now();
      await act();
      return { ...(await started.finished), ms: performance.now() - began };
    };
    return { ...started, until, after };
  };
  const noWorker = /no worker has taken run (\S+) yet: none is at the task queue/;
  const workflow = (kind: string, id: string) => new Client({ connection: server }).workflow.getHandle(`default/${kind}/${id}`);
  /** Without its memo, which may be encrypted. */
  const stateOf = async (kind: string, id: string): Promise<string> => {
    const execution = { workflowId: `default/${kind}/${id}` };
    const { workflowExecutionInfo } = await server.workflowService.describeWorkflowExecution({ namespace: 'default', execution });
    return STATES[workflowExecutionInfo?.status ?? 0] ?? 'other';
  };
  const csv = (): string => {
    writeFileSync(join(rig.folder, 'rows.csv'), 'text\nhello\nYou won a prize\n');
    return join(rig.folder, 'rows.csv');
  };

  it('Ctrl-C before a worker took the run stops it for good, within two seconds', async () => {
    const run = follow(['run', FLOW, ...INPUTS, '--json']);
    const [, runId = ''] = await run.until(noWorker);
    const { code, stdout, stderr, ms } = await run.after(() => run.child.kill('SIGINT'));
    expect(ms).toBeLessThan(2_000);
    expect(JSON.parse(stdout), stderr).toMatchObject({ runId, status: 'stopped', error: 'interrupted at the keyboard', totalSteps: 0 });
    expect(code).toBe(1);
    expect(await stateOf('run', runId)).toBe('TERMINATED');
    const context = await rig.app();
    expect((await readRun(context, runId)).map(({ type }) => type)).toEqual(['RunStarted', 'RunStopRequested', 'RunFinished']);
    expect(await context.storage.events.runStatus('default', runId)).toMatchObject({ status: 'stopped' });
  });

  it('SIGTERM leaves the run at once; run --stop ends it from elsewhere, and says what it did', async () => {
    const run = follow(['run', FLOW, ...INPUTS]);
    const [, runId = ''] = await run.until(noWorker);
    const left = await run.after(() => run.child.kill('SIGTERM'));
    expect(left.ms).toBeLessThan(2_000);
    expect([left.code, left.stderr]).toEqual([1, expect.stringContaining(`riskflow run --stop ${runId}`)]);
    expect(left.stderr).not.toContain('unexpected');
    expect(await stateOf('run', runId)).toBe('RUNNING');
    const stop = async () => JSON.parse((await rig.cli(['run', '--stop', runId, '--json'])).stdout) as unknown;
    expect(await stop()).toEqual({ runId, status: 'stopped' });
    expect(await stop()).toEqual({ runId, status: 'already-over' });
    expect(await stateOf('run', runId)).toBe('TERMINATED');
    const unknown = await rig.cli(['run', '--stop', 'nobody']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no run "nobody"')]);
  });

  it('a batch that is paused is left, with the reason; one that is cancelled before a worker came is over, and is listed so', async () => {
    const batch = follow(['run', FLOW, '--batch', csv()]);
    const [, id = ''] = await batch.until(/batch (\S+): 2 runs/);
    const paused = await batch.after(() => rig.cli(['batch', 'pause', id]));
    expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining(`batch ${id} was paused: asked for by cli`)]);
    expect(paused.stderr).toContain(`riskflow batch resume ${id}`);
    const again = follow(['run', FLOW, '--batch', csv()]);
    const [, other = ''] = await again.until(/batch (\S+): 2 runs/);
    const cancelled = await again.after(() => rig.cli(['batch', 'cancel', other, '--reason', 'wrong file']));
    expect([cancelled.code, cancelled.stderr]).toEqual([1, expect.stringContaining(`batch ${other} was cancelled: wrong file`)]);
    await expect.poll(() => stateOf('batch', other)).toBe('TERMINATED');
    const { batches } = JSON.parse((await rig.cli(['batch', 'list', '--json'])).stdout) as { batches: { id: string; status: string }[] };
    expect(batches.map((each) => [each.id, each.status])).toEqual([
      [other, 'cancelled'],
      [id, 'paused'],
    ]);
  });

  it.each([
    ['another key', { RISKFLOW_TEMPORAL_KEYS: keyOf('b1') }, false],
    ['no key', {}, true],
  ])('a worker with %s: the command, the worker and Temporal name the key that is missing', async (_, others, goesOn) => {
    const keys = { RISKFLOW_TEMPORAL_KEYS: keyOf('a1') };
    const says = /a payload of Temporal is encrypted with the key "a1", which is not among those of RISKFLOW_TEMPORAL_KEYS/;
    const worker = await rig.worker(others);
    const run = follow(['run', FLOW, ...INPUTS], keys);
    const { code, stderr } = await run.finished;
    expect([code, stderr]).toEqual([2, expect.stringMatching(says)]);
    const [, runId = ''] = /was given/.test(stderr) ? (/what run (\S+) was given/.exec(stderr) ?? []) : [];
    expect(worker.told().match(new RegExp(says, 'g'))?.length, worker.told()).toBe(1);
    expect(worker.told()).toContain('missing_key');
    expect(worker.told()).not.toContain('    at ');
    const { events } = await workflow('run', runId).fetchHistory();
    const failure = events?.findLast((event) => event.workflowTaskFailedEventAttributes != null)?.workflowTaskFailedEventAttributes
      ?.failure;
    expect(failure?.message).toMatch(says);
    expect(await stateOf('run', runId)).toBe('RUNNING');
    if (!goesOn) return;
    // A worker that has the key goes on with it.
    worker.child.kill('SIGKILL');
    await worker.finished;
    await rig.worker(keys);
    await expect.poll(() => stateOf('run', runId), { timeout: 30_000 }).toBe('COMPLETED');
  });

  it('an occurrence of a schedule that waits for a worker is told as such', async () => {
    await rig.cli(['flow', 'import', FLOW, '--flow', 'triage']);
    const schedule = `s${rig.name.slice(-8)}`;
    const created = await rig.cli(['schedule', 'create', schedule, '--every', '1d', '--flow', 'triage', '--inputs', '{"text": "x"}']);
    expect(created.code, created.stderr).toBe(0);
    try {
      const triggered = await rig.cli(['schedule', 'trigger', schedule]);
      expect(triggered.stderr).toContain(`none is at the task queue ${rig.name}: start one with riskflow worker`);
      const show = async () =>
        JSON.parse((await rig.cli(['schedule', 'show', schedule, '--json'])).stdout) as { waiting: readonly string[] };
      await expect.poll(async () => (await show()).waiting.length, { timeout: 15_000, interval: 200 }).toBe(1);
      expect((await rig.cli(['schedule', 'show', schedule])).stdout).toMatch(/waits for a worker: 20\d\d-/);
    } finally {
      await rig.cli(['schedule', 'delete', schedule]);
    }
  });
});
