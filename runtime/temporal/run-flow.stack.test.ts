import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Payload } from '@temporalio/common';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, makeTelemetryFilterString, Runtime, type WorkflowBundle } from '@temporalio/worker';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PLAN_VERSION, type RunEvent, type Storage } from '../../schemas/index.ts';
import { providerQueue } from '../../workflows/core.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import type { TemporalPlace } from './address.ts';
import { payloadCodec } from './codec.ts';
import { connectRunClient, workflowIdOf, type RunClient } from './client.ts';
import { createRunActivities, type RunActivityDeps } from './run-activities.ts';
import { openStackEndpoint, type Answer, type StackEndpoint } from './stack-endpoint.ts';
import {
  askRun,
  driveEmbedded,
  EMBEDDED,
  newFolder,
  openRig,
  readEvents,
  removeFolder,
  STOP_SCOPE,
  TEMPORAL,
  timeless,
  type Rig,
} from './stack-rig.ts';
import type { StackWorkerOptions } from './stack-worker.ts';
import { startRunWorker, workflowsPath, type RunWorker, type RunWorkerOptions } from './worker.ts';

const address = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'] ?? '';
/** `RISKFLOW_RECORD_HISTORIES=1` writes the histories of these runs over the golden ones, for workflows/replay.test.ts. */
const record = process.env['RISKFLOW_RECORD_HISTORIES'] === '1';

// One place for all tests of this file; nothing in it names this machine, since histories keep it.
const place: TemporalPlace = { address, namespace: 'default', taskQueue: `riskflow-test-${randomUUID()}`, identity: 'riskflow-test' };

let workflowBundle: WorkflowBundle;
let folder: string;
let endpoint: StackEndpoint;
let rig: Rig;
let client: RunClient;
const workers: RunWorker[] = [];

beforeAll(async () => {
  if (address === '') throw new Error('RISKFLOW_TEST_TEMPORAL_ADDRESS is not set: npm run stack -- up');
  // Workers that go away in the middle are what is tested here: warnings of it are noise.
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: { logging: { filter } } });
  workflowBundle = await bundleWorkflowCode({ workflowsPath: workflowsPath(), logger: new DefaultLogger('ERROR') });
  client = await connectRunClient(place);
  return () => client.close();
}, 60_000);

beforeEach(async () => {
  folder = await newFolder();
  endpoint = await openStackEndpoint();
  rig = await openRig({ folder, endpoint: endpoint.url });
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
  await endpoint.close();
  await rig.close();
  await removeFolder(folder);
});

/** A worker on the given task queue, stopped after the test. */
async function work(
  change: Partial<RunActivityDeps> = {},
  on: TemporalPlace & Pick<RunWorkerOptions, 'rateLimited'> = place,
): Promise<RunWorker> {
  const worker = await startRunWorker({ ...on, workflowBundle, activities: createRunActivities({ ...rig.deps, ...change }) });
  workers.push(worker);
  return worker;
}

const drive = async (args: RunFlowArgs) => {
  await client.start(args);
  return client.result(args);
};

const eventsOf = (workspaceId: string, { runId }: RunFlowArgs): Promise<readonly RunEvent[]> => readEvents(rig, workspaceId, runId);
const typesOf = (events: readonly RunEvent[]): readonly string[] => events.map(({ type }) => type);

/** Drives the run on both hosts and expects the same events of both. */
async function expectSameEvents(args: RunFlowArgs, plan: Rig['plans']['rules']): Promise<readonly RunEvent[]> {
  const onTemporal = await drive(args);
  endpoint.asked.length = 0;
  const embedded = await driveEmbedded(rig, { workspaceId: EMBEDDED, plan, args });
  const events = await eventsOf(TEMPORAL, args);
  expect(timeless(events)).toEqual(timeless(await eventsOf(EMBEDDED, args)));
  expect(events.length).toBeGreaterThan(3);
  expect(onTemporal.status).toBe('finished');
  expect(embedded.status).toBe('finished');
  const last = events.at(-1);
  expect(onTemporal).toEqual({ status: 'finished', data: last?.data });
  const status = await rig.storage.events.runStatus(TEMPORAL, args.runId);
  expect(status).toMatchObject({
    status: last?.type === 'RunFinished' ? last.data.status : '',
    flow: plan.flow,
    resource: `run/${args.runId}`,
  });
  return events;
}

/** Answers come one after the other, far enough apart to arrive in this order on every host. */
const opinions = (node: string, nth: number): Answer => {
  if (node === 'quick') return nth === 1 ? { status: 500 } : { text: 'spam?', afterMs: 50 };
  if (node === 'doubtful') return { status: 400, afterMs: 1_500 };
  return node === 'slow' ? { text: '这是诈骗', afterMs: 2_500 } : { text: ' SCAM ' };
};

async function until(condition: () => boolean | Promise<boolean>, what: string, withinMs = 15_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Temporal's own view of a run, beside our client. */
async function inTemporal<T>(args: RunFlowArgs, use: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }).workflow.getHandle(workflowIdOf(args)));
  } finally {
    await connection.close();
  }
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** The histories of all executions of a run, the first one first. */
const historiesOf = async (args: RunFlowArgs): Promise<readonly History[]> => {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const last = await workflow.getHandle(workflowIdOf(args)).fetchHistory();
    let runId = startOf(last)?.firstExecutionRunId;
    const histories: History[] = [];
    while (typeof runId === 'string' && runId !== '') {
      const history = await workflow.getHandle(workflowIdOf(args), runId).fetchHistory();
      histories.push(history);
      runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    }
    return histories;
  } finally {
    await connection.close();
  }
};

const startOf = (history: History) => history.events?.[0]?.workflowExecutionStartedEventAttributes;

const saveHistory = async (name: string, args: RunFlowArgs): Promise<void> => {
  if (!record) return;
  const target = new URL(`../../workflows/histories/v${PLAN_VERSION}/`, import.meta.url);
  await mkdir(target, { recursive: true });
  const histories = await historiesOf(args);
  for (const [i, history] of histories.entries()) {
    const file = histories.length === 1 ? name : `${name}-${i + 1}`;
    await writeFile(new URL(`${file}.json`, target), `${JSON.stringify(plainHistory(await readable(history)), null, 1)}\n`);
  }
};

const codec = payloadCodec({ keys: [], blobs: undefined });
const isPayload = (value: object): value is Payload => 'metadata' in value && 'data' in value && value.data instanceof Uint8Array;

/** Payloads as they were before the codec, and no stack traces, which name this machine. */
async function readable(value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || 'toNumber' in value) return value;
  if (isPayload(value)) return (await codec.decode([value]))[0];
  if (Array.isArray(value)) return Promise.all(value.map(readable));
  const entries = Object.entries(value).filter(([key]) => key !== 'stackTrace');
  return Object.fromEntries(await Promise.all(entries.map(async ([key, item]) => [key, await readable(item)] as const)));
}

/**
 * A history as JSON from which it can be replayed as it stands: 64-bit integers as numbers, bytes as base64, enums as their numbers.
 * (The SDK's own conversion needs one protobufjs for all its packages, which npm's tree does not give.)
 */
function plainHistory(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if ('toNumber' in value && typeof value.toNumber === 'function') return Number(value);
  if (Array.isArray(value)) return value.map(plainHistory);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainHistory(item)]));
}

describe('a run on a Temporal server', () => {
  it.each([
    ['Your parcel is waiting, pay the customs fee of 1.99 at http://post.example', 'en'],
    ['恭喜中奖，请提供验证码领取', 'zh'],
    ['see you at eight', 'en'],
    ['', 'empty'],
  ])('has the events of the embedded host: rules, %s', async (text, name) => {
    await work();
    const args = askRun({ plan: rig.plans.rules, text: text === '' ? ' ' : text });
    const events = await expectSameEvents(args, rig.plans.rules);
    expect(events.every(({ type }) => type !== 'NodeStarted')).toBe(true);
    if (name === 'en') await saveHistory('rules-only', args);
  });

  it('has the events of the embedded host: rules first, then a classifier', async () => {
    await work();
    const args = askRun({ plan: rig.plans.cascade, text: 'see you at eight, bring the cards' });
    const events = await expectSameEvents(args, rig.plans.cascade);
    expect(typesOf(events)).toContain('NodeStarted');
    await saveHistory('cascade', args);
  });

  it('has the events of the embedded host: a pinned classifier', async () => {
    await work();
    const pins = { 'type:question-classifier': { outputs: { class_id: '2', class_name: 'spam' }, delayMs: 50 } };
    const args = askRun({ plan: rig.plans.cascade, text: 'see you at eight', pins });
    const events = await expectSameEvents(args, rig.plans.cascade);
    const finished = events.find((event) => event.type === 'NodeFinished' && event.data.effectId !== null);
    expect(finished?.data).toMatchObject({ handle: '2', status: 'succeeded' });
  });

  it('has the events of the embedded host: models side by side, a retry, a failure with a default, code', async () => {
    await work();
    endpoint.answer = opinions;
    const args = askRun({ plan: rig.plans.opinion, text: 'Send me the code 🛡' });
    const events = await expectSameEvents(args, rig.plans.opinion);
    expect(typesOf(events).filter((type) => type !== 'NodeFinished')).toEqual([
      'RunStarted',
      'NodeStarted',
      'NodeStarted',
      'NodeStarted',
      'NodeRetried',
      'NodeStarted',
      'NodeStarted',
      'RunFinished',
    ]);
    expect(events.at(-1)?.data).toMatchObject({ status: 'partial-succeeded', outputs: { label: 'scam', share: 7.5 }, exceptionsCount: 1 });
    await saveHistory('second-opinion', args);
  });

  it('has the events of the embedded host: a node that fails the run', async () => {
    await work();
    endpoint.answer = (node) =>
      node === 'slow' ? { status: 400, afterMs: 300 } : node === 'judge' ? { text: 'spam' } : { text: node, afterMs: 1_500 };
    const args = askRun({ plan: rig.plans.opinion, text: 'hello' });
    const events = await expectSameEvents(args, rig.plans.opinion);
    expect(events.at(-1)?.data).toMatchObject({ status: 'failed' });
  });
});

describe('a run that is asked for twice', () => {
  it('is one run, under way and when it is over', async () => {
    await work();
    endpoint.answer = (node) => ({ text: node, afterMs: 300 });
    const args = askRun({ plan: rig.plans.opinion, text: 'once' });
    await Promise.all([client.start(args), client.start(args)]);
    const first = await client.result(args);
    await client.start(args);
    expect(await client.result(args)).toEqual(first);
    expect(endpoint.asked.toSorted()).toEqual(['doubtful', 'judge', 'quick', 'slow']);
    expect(await client.stop(args, 'too late')).toBe('already-over');
  });
});

describe('a stop', () => {
  const stopped = ['RunStopRequested', 'RunFinished'];

  it('ends the run within two seconds, and aborts the calls in flight', async () => {
    await work();
    endpoint.answer = () => 'hang';
    const args = askRun({ plan: rig.plans.opinion, text: 'for ever' });
    await client.start(args);
    await until(() => endpoint.asked.length === 3, 'three calls in flight');
    expect(await client.view(args)).toMatchObject({
      status: 'running',
      underWay: [{ nodeId: 'slow' }, { nodeId: 'quick' }, { nodeId: 'doubtful' }],
    });
    const before = Date.now();
    expect(await client.stop(args, 'enough')).toBe('requested');
    const result = await client.result(args);
    const took = Date.now() - before;
    expect(result).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'enough' } });
    expect(took).toBeLessThan(2_000);
    expect(typesOf(await eventsOf(TEMPORAL, args)).slice(-2)).toEqual(stopped);
    expect((await rig.storage.events.runStatus(TEMPORAL, args.runId))?.status).toBe('stopped');
    await until(() => endpoint.abandoned.length === 3, 'the calls are hung up', 5_000);
    process.stdout.write(`stop to stopped: ${took} ms\n`);
    await saveHistory('stopped', args);
  });

  it('that was only noted in storage is seen with the next facts', async () => {
    await work();
    endpoint.answer = () => 'hang';
    const args = askRun({ plan: rig.plans.opinion, text: 'noted' });
    await rig.storage.events.write({
      workspaceId: TEMPORAL,
      actor: 'tester',
      claims: [{ scope: STOP_SCOPE, key: args.runId, value: 'noted before' }],
      appends: [],
    });
    expect(await drive(args)).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'noted before' } });
    expect(typesOf(await eventsOf(TEMPORAL, args)).slice(-2)).toEqual(stopped);
  });

  it('that came before the first step starts nothing', async () => {
    const args = askRun({ plan: rig.plans.opinion, text: 'early' });
    await client.start(args);
    await client.stop(args, 'changed my mind');
    await work();
    expect(await client.result(args)).toMatchObject({ status: 'finished', data: { status: 'stopped', totalSteps: 0 } });
    expect(typesOf(await eventsOf(TEMPORAL, args))).toEqual(['RunStarted', ...stopped]);
    expect(endpoint.asked).toEqual([]);
  });

  it('is what cancelling in Temporal means', async () => {
    await work();
    endpoint.answer = () => 'hang';
    const args = askRun({ plan: rig.plans.opinion, text: 'cancel' });
    await client.start(args);
    await until(() => endpoint.asked.length === 3, 'three calls in flight');
    const connection = await Connection.connect({ address });
    await new Client({ connection }).workflow.getHandle(workflowIdOf(args)).cancel();
    await connection.close();
    expect(await client.result(args)).toMatchObject({
      status: 'finished',
      data: { status: 'stopped', error: 'the workflow was cancelled in Temporal' },
    });
  });

  it('comes from the time limit', async () => {
    await work();
    endpoint.answer = () => 'hang';
    const result = await drive(askRun({ plan: rig.plans.opinion, text: 'slow', timeoutMs: 700 }));
    expect(result).toMatchObject({
      status: 'finished',
      data: { status: 'stopped', error: 'the run took longer than 700 ms (limit runTimeoutMs)' },
    });
  });
});

describe('the lease of a run', () => {
  const other = { owner: 'somebody else', host: 'elsewhere', boot: 'b', pid: 7 };
  const take = (args: RunFlowArgs, times: { readonly now: number; readonly ttlMs: number }) =>
    rig.storage.leases.take(TEMPORAL, `run/${args.runId}`, other, { ...times, isDead: () => false });

  it('is waited for while another owner is alive', async () => {
    await work();
    const args = askRun({ plan: rig.plans.rules, text: 'wait' });
    const until = Date.now() + 1_500;
    expect((await take(args, { now: Date.now(), ttlMs: 1_500 })).status).toBe('taken');
    expect(await drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    expect(Date.now()).toBeGreaterThanOrEqual(until);
  });

  it('is waited for by as many executions as it takes, and a stop that comes meanwhile reaches the last', async () => {
    await work();
    const args = askRun({ plan: rig.plans.opinion, text: 'wait long', historyLimit: 12 });
    const holder = { ...other, owner: 'somebody busy' };
    const held = await rig.storage.leases.take(TEMPORAL, `run/${args.runId}`, holder, { now: Date.now(), ttlMs: 400, isDead: () => false });
    if (held.status !== 'taken') throw new Error('the lease is free');
    const renewing = setInterval(() => {
      void rig.storage.leases.renew(TEMPORAL, held.fence, { now: Date.now(), ttlMs: 400 });
    }, 100);
    try {
      await client.start(args);
      await client.stop(args, 'not needed any more');
      await until(async () => (await historiesOf(args)).length >= 2, 'another execution waits');
    } finally {
      clearInterval(renewing);
    }
    expect(await client.result(args)).toMatchObject({ data: { status: 'stopped', error: 'not needed any more', totalSteps: 0 } });
    expect(endpoint.asked).toEqual([]);
  });

  it('that was lost ends the workflow, which writes nothing more', async () => {
    await work();
    endpoint.answer = () => ({ text: 'late', afterMs: 800 });
    const args = askRun({ plan: rig.plans.opinion, text: 'lost' });
    await client.start(args);
    await until(() => endpoint.asked.length === 3, 'three calls in flight');
    await until(async () => (await eventsOf(TEMPORAL, args)).length === 5, 'the first facts are written');
    expect((await take(args, { now: Date.now() + 60_000, ttlMs: 10_000 })).status).toBe('taken');
    expect(await client.result(args)).toEqual({ status: 'taken-over' });
    expect(await eventsOf(TEMPORAL, args)).toHaveLength(5);
  });

  it('free again, lets the workflow go on from the events of an embedded run', async () => {
    endpoint.answer = (node) => (node === 'judge' ? 'hang' : { text: node, afterMs: node === 'slow' ? 400 : node === 'quick' ? 50 : 200 });
    const args = askRun({ plan: rig.plans.opinion, text: 'hand over' });
    const away = new AbortController();
    const left = driveEmbedded(rig, { workspaceId: TEMPORAL, plan: rig.plans.opinion, args, signal: away.signal });
    await until(() => endpoint.asked.includes('judge'), 'the judge is asked');
    await until(
      async () => (await eventsOf(TEMPORAL, args)).some((event) => event.type === 'NodeStarted' && event.data.nodeId === 'judge'),
      'the facts are written',
    );
    away.abort(new Error('this process goes'));
    await expect(left).rejects.toThrow('this process goes');
    const before = await eventsOf(TEMPORAL, args);
    endpoint.answer = () => ({ text: 'SPAM' });
    await work();
    expect(await drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', outputs: { label: 'spam' } } });
    const after = await eventsOf(TEMPORAL, args);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(endpoint.asked).toEqual(['slow', 'quick', 'doubtful', 'judge', 'judge']);
  });

  it('taken from an owner that was killed before it wrote what it was answered: nothing is asked again', async () => {
    const args = askRun({ plan: rig.plans.chain, text: 'answers without facts' });
    let commits = 0;
    const write: Storage['events']['write'] = (unit) =>
      commits++ === 0 ? rig.storage.events.write(unit) : Promise.reject(new Error('killed'));
    const dying: Rig = { ...rig, storage: { ...rig.storage, events: { ...rig.storage.events, write } } };
    await expect(driveEmbedded(dying, { workspaceId: TEMPORAL, plan: rig.plans.chain, args })).rejects.toThrow('killed');
    const asked = endpoint.asked.length;
    expect(asked).toBeGreaterThan(0);
    await work();
    expect(await drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    expect(endpoint.asked.toSorted()).toEqual(['fifth', 'first', 'fourth', 'second', 'third']);
  });

  it('of a run that is over leaves nothing to do', async () => {
    const args = askRun({ plan: rig.plans.rules, text: 'done already' });
    const embedded = await driveEmbedded(rig, { workspaceId: TEMPORAL, plan: rig.plans.rules, args });
    const before = await eventsOf(TEMPORAL, args);
    await work();
    expect(embedded).toMatchObject({ status: 'finished' });
    expect(await drive(args)).toEqual({ status: 'finished', data: before.at(-1)?.data });
    expect(await eventsOf(TEMPORAL, args)).toEqual(before);
  });
});

describe('trouble', () => {
  it('of the storage as an effect begins keeps nobody from showing that it lives: nothing is performed twice', async () => {
    endpoint.answer = (node) => ({ text: node, afterMs: 500 });
    let back: number | undefined;
    const write: Storage['events']['write'] = async (unit) => {
      back ??= Date.now() + 13_000;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, (back ?? 0) - Date.now())));
      return rig.storage.events.write(unit);
    };
    await work({ storage: { ...rig.storage, events: { ...rig.storage.events, write } } });
    expect(await drive(askRun({ plan: rig.plans.chain, text: 'away for long' }))).toMatchObject({ data: { status: 'succeeded' } });
    expect(endpoint.asked).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
  }, 60_000);

  it('of the storage is waited out', async () => {
    let failures = 3;
    const write: Storage['events']['write'] = (unit) =>
      failures-- > 0 ? Promise.reject(new Error('the disk is away')) : rig.storage.events.write(unit);
    await work({ storage: { ...rig.storage, events: { ...rig.storage.events, write } } });
    const args = askRun({ plan: rig.plans.rules, text: 'patience' });
    expect(await drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    expect(failures).toBe(-1);
    expect(typesOf(await eventsOf(TEMPORAL, args)).at(-1)).toBe('RunFinished');
  });

  it('that no retry mends is told in one sentence', async () => {
    await work();
    const args = { ...askRun({ plan: rig.plans.rules, text: 'x' }), flowVersion: 'none' };
    const before = Date.now();
    await expect(drive(args)).rejects.toMatchObject({
      name: 'RiskflowError',
      code: 'not_found',
      message: `run ${args.runId} could not be driven to an end: there is no flow version none`,
    });
    expect(Date.now() - before).toBeLessThan(5_000);
    await expect(client.result({ ...args, runId: 'never asked for' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('of an address is told in one sentence', async () => {
    await expect(connectRunClient({ ...place, address: '127.0.0.1:1' })).rejects.toMatchObject({
      name: 'RiskflowError',
      code: 'failed',
      message: expect.stringContaining('no Temporal server answers at 127.0.0.1:1'),
    });
  });

  it('of a worker that is stopped in the middle is none: another performs what it had in flight', async () => {
    endpoint.answer = (_, nth) => (nth === 1 ? 'hang' : { text: 'second try' });
    const args = askRun({ plan: rig.plans.opinion, text: 'handed on' });
    const first = await work();
    await client.start(args);
    await until(() => endpoint.asked.length === 3, 'three calls in flight');
    endpoint.answer = () => ({ text: 'spam' });
    await first.stop();
    await work();
    expect(await client.result(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', outputs: { label: 'spam' } } });
    expect(endpoint.asked.toSorted()).toEqual(['doubtful', 'doubtful', 'judge', 'quick', 'quick', 'slow', 'slow']);
  });

  it('kill -9 of a worker, after it wrote the end and before it told anyone, and then a stop: the run ended as its events say', async () => {
    const on = { ...place, taskQueue: `riskflow-test-${randomUUID()}` };
    const own = await connectRunClient(on);
    const dying = startStackWorker({ ...on, folder, endpoint: endpoint.url, works: true, diesAtEnd: true });
    try {
      const args = askRun({ plan: rig.plans.chain, text: 'killed at the end' });
      await own.start(args);
      await until(() => dying.signalCode === 'SIGKILL', 'the worker is dead', 30_000);
      const events = await eventsOf(TEMPORAL, args);
      expect(events.at(-1)).toMatchObject({ type: 'RunFinished', data: { status: 'succeeded' } });
      expect(await own.stop(args, 'too late')).toBe('requested');
      await work({}, on);
      expect(await own.result(args)).toEqual({ status: 'finished', data: events.at(-1)?.data });
      expect(await eventsOf(TEMPORAL, args)).toEqual(events);
      expect((await rig.storage.events.runStatus(TEMPORAL, args.runId))?.status).toBe('succeeded');
      expect(endpoint.asked).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
    } finally {
      dying.kill('SIGKILL');
      await own.close();
    }
  }, 60_000);

  it('kill -9 of a worker, after it stored a result and before it told anyone: another finishes, no effect is performed twice', async () => {
    const on = { ...place, taskQueue: `riskflow-test-${randomUUID()}` };
    const own = await connectRunClient(on);
    endpoint.answer = (node) => ({ text: node, afterMs: 30 });
    const killed = startStackWorker({ ...on, folder, endpoint: endpoint.url });
    try {
      const lines = linesOf(killed);
      const args = askRun({ plan: rig.plans.opinion, text: 'killed in the middle' });
      await own.start(args);
      await until(() => lines.filter((line) => line.startsWith('stored ')).length === 3, 'three results are stored', 30_000);
      killed.kill('SIGKILL');
      await until(() => killed.signalCode === 'SIGKILL', 'the worker is dead');
      expect(typesOf(await eventsOf(TEMPORAL, args))).not.toContain('RunFinished');
      const before = Date.now();
      await work({}, on);
      expect(await own.result(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', outputs: { label: 'judge' } } });
      process.stdout.write(`kill to the end of the run: ${Date.now() - before} ms\n`);
      expect(endpoint.asked.toSorted()).toEqual(['doubtful', 'judge', 'quick', 'slow']);
      await driveEmbedded(rig, { workspaceId: EMBEDDED, plan: rig.plans.opinion, args });
      const events = timeless(await eventsOf(TEMPORAL, args));
      // The three answers stood in storage at the same time, so their order is not that of the undisturbed run.
      expect(sorted(events)).toEqual(sorted(timeless(await eventsOf(EMBEDDED, args))));
    } finally {
      killed.kill('SIGKILL');
      await own.close();
    }
  }, 60_000);
});

describe('a run whose history becomes long', () => {
  /** The second step fails once, and is tried again after a wait for which the workflow has a timer. */
  const answers = (node: string, nth: number): Answer => (node === 'second' && nth === 1 ? { status: 500 } : { text: `${node} ${nth}` });

  it('continues as new: same events, same outputs, the time limit not begun anew', async () => {
    await work();
    endpoint.answer = answers;
    const args = askRun({ plan: rig.plans.chain, text: 'long', historyLimit: 14 });
    const events = await expectSameEvents(args, rig.plans.chain);
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { answer: 'fifth 1' } });
    const histories = await historiesOf(args);
    expect(histories.length).toBeGreaterThanOrEqual(3);
    const limits = histories
      .slice(1)
      .map((history) => JSON.parse(Buffer.from(startOf(history)?.input?.payloads?.[0]?.data ?? []).toString('utf8')) as RunFlowArgs);
    expect(new Set(limits.map(({ limitFrom }) => limitFrom)).size).toBe(1);
    expect(limits[0]?.limitFrom).toBeLessThan(Date.now());
    await saveHistory('continued', args);
  });

  it('with effects side by side drains them first: the same events but for their order', async () => {
    await work();
    endpoint.answer = opinions;
    const args = askRun({ plan: rig.plans.opinion, text: 'long and wide', historyLimit: 12 });
    expect(await drive(args)).toMatchObject({ status: 'finished', data: { status: 'partial-succeeded', outputs: { label: 'scam' } } });
    expect(endpoint.asked.toSorted()).toEqual(['doubtful', 'judge', 'quick', 'quick', 'slow']);
    endpoint.asked.length = 0;
    await driveEmbedded(rig, { workspaceId: EMBEDDED, plan: rig.plans.opinion, args });
    const withoutOrder = (events: readonly RunEvent[]) =>
      sorted(timeless(events).map((event) => ({ ...(event as object), data: { ...(event as RunEvent).data, index: 0 } })));
    expect(withoutOrder(await eventsOf(TEMPORAL, args))).toEqual(withoutOrder(await eventsOf(EMBEDDED, args)));
    expect((await historiesOf(args)).length).toBeGreaterThanOrEqual(2);
  });

  it('hears of a stop while it waits for the next execution', async () => {
    await work();
    endpoint.answer = (node) => (node === 'quick' ? { text: 'quick' } : 'hang');
    const args = askRun({ plan: rig.plans.opinion, text: 'stop', historyLimit: 6 });
    await client.start(args);
    await until(
      async () => typesOf(await eventsOf(TEMPORAL, args)).filter((type) => type === 'NodeFinished').length === 2,
      'one answer is there',
    );
    const before = Date.now();
    await client.stop(args, 'enough');
    expect(await client.result(args)).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'enough' } });
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  it('stops at its time limit in a later execution', async () => {
    await work();
    endpoint.answer = (node) => (node === 'fifth' ? 'hang' : { text: node, afterMs: 300 });
    const args = askRun({ plan: rig.plans.chain, text: 'late', historyLimit: 8, timeoutMs: 3_000 });
    const before = Date.now();
    expect(await drive(args)).toMatchObject({
      data: { status: 'stopped', error: 'the run took longer than 3000 ms (limit runTimeoutMs)' },
    });
    expect(Date.now() - before).toBeLessThan(7_000);
    expect((await historiesOf(args)).length).toBeGreaterThanOrEqual(3);
  });
});

describe('a run that its last owner left in a wait', () => {
  it('goes on from its events, and says so', async () => {
    endpoint.answer = (node, nth) => (node === 'second' && nth === 1 ? { status: 500 } : { text: node });
    const args = askRun({ plan: rig.plans.chain, text: 'paused' });
    const away = new AbortController();
    const left = driveEmbedded(rig, { workspaceId: TEMPORAL, plan: rig.plans.chain, args, signal: away.signal });
    await until(async () => typesOf(await eventsOf(TEMPORAL, args)).includes('NodeRetried'), 'the second step is to be tried again');
    away.abort(new Error('leaves'));
    await expect(left).rejects.toThrow('leaves');
    const before = await eventsOf(TEMPORAL, args);
    const at = Date.now();
    await rig.storage.events.write({
      workspaceId: TEMPORAL,
      actor: 'tester',
      appends: [
        {
          log: 'runs-0',
          stream: `run/${args.runId}`,
          events: [{ type: 'RunPaused', data: { reason: 'waits', until: at + 2_000, at } }],
          expected: { version: before.length },
        },
      ],
    });
    await work();
    expect(await drive(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', outputs: { answer: 'fifth' } } });
    const after = await eventsOf(TEMPORAL, args);
    expect(typesOf(after.slice(before.length, before.length + 2))).toEqual(['RunPaused', 'RunResumed']);
    // The wait was not cut short.
    const retried = before.find((event) => event.type === 'NodeRetried');
    const second = after.find((event) => event.type === 'NodeFinished' && event.data.nodeId === 'second');
    expect((second?.data.at ?? 0) - (retried?.data.at ?? 0)).toBeGreaterThanOrEqual(2_190);
    expect(endpoint.asked).toEqual(['first', 'second', 'second', 'third', 'fourth', 'fifth']);
  });
});

describe('a poisoned run', () => {
  it('shows as retrying, lets others pass, and fails with a clear error after so many attempts', async () => {
    const poisoned = askRun({ plan: rig.plans.chain, text: 'poison' });
    let tried = 0;
    const effects: RunActivityDeps['effects'] = (workspaceId) => {
      const perform = rig.deps.effects(workspaceId);
      return (effect, options) => {
        if (effect.runId !== poisoned.runId || effect.nodeId !== 'third') return perform(effect, options);
        tried++;
        return Promise.reject(new Error('the sandbox cannot be reached'));
      };
    };
    await work({ effects, effectAttempts: 5 });
    await client.start(poisoned);
    await until(() => tried >= 2, 'it is tried again');
    const pending = await inTemporal(poisoned, async (handle) => (await handle.describe()).raw.pendingActivities?.[0]);
    expect(pending?.attempt).toBeGreaterThanOrEqual(2);
    expect(pending?.lastFailure?.message).toBe('the sandbox cannot be reached');
    const others = await Promise.all(Array.from({ length: 10 }, (_, i) => drive(askRun({ plan: rig.plans.cascade, text: `hello ${i}` }))));
    for (const other of others) expect(other).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    const error = 'node "Third step" could not be performed: the sandbox cannot be reached (tried 5 times, limit temporal.effectAttempts)';
    expect(await client.result(poisoned)).toMatchObject({ status: 'finished', data: { status: 'failed', error } });
    expect(tried).toBe(5);
    const events = await eventsOf(TEMPORAL, poisoned);
    expect(events.at(-1)).toMatchObject({ type: 'RunFinished', data: { status: 'failed', error } });
    expect((await rig.storage.events.runStatus(TEMPORAL, poisoned.runId))?.status).toBe('failed');
    await saveHistory('poisoned', poisoned);
  });
});

describe('a provider with a task queue of its own', () => {
  const limited: RunActivityDeps['limited'] = (providers) =>
    Object.fromEntries(providers.filter((provider) => provider.endsWith('openai')).map((provider) => [provider, 'openai']));

  it('has its calls handed out at its rate, and nothing else', async () => {
    const on = { ...place, taskQueue: `riskflow-test-${randomUUID()}` };
    const own = await connectRunClient(on);
    const queue = providerQueue(on.taskQueue, 'openai');
    await work({ limited }, { ...on, rateLimited: [{ taskQueue: queue, callsPerSecond: 4 }] });
    try {
      const runs = Array.from({ length: 3 }, (_, i) => askRun({ plan: rig.plans.chain, text: `rate ${i}` }));
      const before = Date.now();
      const results = await Promise.all(
        runs.map(async (args) => {
          await own.start(args);
          return own.result(args);
        }),
      );
      const seconds = (Date.now() - before) / 1000;
      for (const result of results) expect(result).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
      // 15 calls at 4 a second; the server lets some through at once.
      expect(seconds).toBeGreaterThan(2.5);
      process.stdout.write(`15 calls at 4 a second: ${seconds.toFixed(1)} s\n`);
      const [first] = runs;
      if (first === undefined) throw new Error('there are runs');
      const [history] = await historiesOf(first);
      const scheduled = (history?.events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
      expect(scheduled.map(({ taskQueue }) => taskQueue?.name)).toEqual(Array.from({ length: 5 }, () => queue));
      expect(scheduled.map(({ priority }) => priority?.priorityKey)).toEqual([3, 3, 3, 3, 3]);
      await saveHistory('provider-queue', first);
    } finally {
      await own.close();
    }
  });
});

describe('what an operator sees of a run under way', () => {
  it('is a table of its nodes, with titles that Markdown does not take for its own and nothing of the contents', async () => {
    await work();
    endpoint.answer = (node) => (node === 'third' ? 'hang' : { text: `secret answer of ${node}` });
    const args = askRun({ plan: rig.plans.chain, text: 'secret input' });
    await client.start(args);
    await until(() => endpoint.asked.includes('third'), 'the third is asked');
    const told = JSON.stringify(await inTemporal(args, (handle) => handle.query('__temporal_workflow_metadata')));
    await client.stop(args, 'seen');
    await client.result(args);
    const { currentDetails } = JSON.parse(told) as { readonly currentDetails: string };
    const lines = currentDetails.split('\n');
    expect(lines[0]).toBe('**running** · 4 nodes · 1 under way');
    expect(lines.slice(2, 4)).toEqual(['| node | status | attempts | seconds |', '|---|---|--:|--:|']);
    expect(lines[4]).toMatch(/^\| Third step \| running \| 1 \| since \d\d:\d\d:\d\d UTC \|$/);
    expect(lines[6]).toMatch(/^\| \\\*First\\\* \\\| step \| succeeded \| 1 \| \d+\.\d \|$/);
    expect(told).not.toContain('secret');
  });
});

describe('many runs', () => {
  it('20 at a time all end as they should', async () => {
    await work();
    const texts = Array.from({ length: 100 }, (_, i) => `report number ${i}: win a prize`);
    const before = Date.now();
    let next = 0;
    const results: unknown[] = [];
    const loop = async (): Promise<void> => {
      for (let text = texts[next++]; text !== undefined; text = texts[next++])
        results.push(await drive(askRun({ plan: rig.plans.cascade, text })));
    };
    await Promise.all(Array.from({ length: 20 }, loop));
    const seconds = (Date.now() - before) / 1000;
    expect(results).toHaveLength(100);
    for (const result of results) expect(result).toMatchObject({ status: 'finished', data: { status: 'succeeded' } });
    process.stdout.write(`100 runs, 20 at a time: ${seconds.toFixed(1)} s, ${(100 / seconds).toFixed(0)} runs/s\n`);
  }, 60_000);
});

function startStackWorker(options: StackWorkerOptions): ChildProcess {
  const script = fileURLToPath(new URL('./stack-worker.ts', import.meta.url));
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function linesOf(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line));
  return lines;
}

const sorted = (events: readonly unknown[]): readonly string[] => events.map((event) => JSON.stringify(event)).toSorted();
