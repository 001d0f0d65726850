import { randomUUID } from 'node:crypto';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { RunEvent } from '../../schemas/index.ts';
import type { RunFlowArgs, RunFlowResult } from '../../workflows/index.ts';
import type { TemporalPlace } from './address.ts';
import { prepareBundle, type PreparedBundle } from './bundle.ts';
import { connectRunClient, workflowIdOf, type RunClient } from './client.ts';
import { createRunActivities, type RunActivityDeps } from './run-activities.ts';
import { openStackEndpoint, type Answer, type StackEndpoint } from './stack-endpoint.ts';
import { saveHistory } from './stack-histories.ts';
import {
  driveEmbedded,
  EMBEDDED,
  newFolder,
  openRig,
  readEvents,
  removeFolder,
  TEMPORAL,
  timeless,
  type Rig,
  type RigPlace,
} from './stack-rig.ts';
import { startRunWorker, type RunWorker, type RunWorkerOptions } from './worker.ts';

/** What a test of runs on a real server works with; new for every test but for the place and its client. */
export type RunStack = {
  /** One for all tests of a file; nothing in it names this machine, since histories keep it. */
  readonly place: TemporalPlace;
  readonly client: RunClient;
  readonly rig: Rig;
  readonly endpoint: StackEndpoint;
  /** For workers in other processes. */
  readonly rigPlace: RigPlace;
  /** A worker, by default on the place of the file, stopped after the test. */
  work(change?: Partial<RunActivityDeps>, on?: TemporalPlace & Pick<RunWorkerOptions, 'rateLimited'>): Promise<RunWorker>;
  /** Starts the run and waits for its end. */
  drive(args: RunFlowArgs): Promise<RunFlowResult>;
  eventsOf(workspaceId: string, args: RunFlowArgs): Promise<readonly RunEvent[]>;
  /** Drives the run on both hosts and expects the same events of both. */
  expectSameEvents(args: RunFlowArgs, plan: Rig['plans']['rules']): Promise<readonly RunEvent[]>;
};

/** A place of a test's own. */
export const ownPlace = (): TemporalPlace => ({
  address: process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'] ?? '',
  namespace: 'default',
  taskQueue: `riskflow-test-${randomUUID()}`,
  identity: 'riskflow-test',
});

/** Workers that go away in the middle are what is tested here: warnings of it are noise. */
export function quietRuntime(): void {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: { logging: { filter } } });
}

/** Opens all of it around the tests of a file. */
export function useRunStack(): RunStack {
  const place = ownPlace();
  const workers: RunWorker[] = [];
  let workflowBundle: PreparedBundle;
  let client: RunClient;
  let rig: Rig;
  let endpoint: StackEndpoint;
  let folder: string;

  beforeAll(async () => {
    if (place.address === '') throw new Error('RISKFLOW_TEST_TEMPORAL_ADDRESS is not set: npm run stack -- up');
    quietRuntime();
    workflowBundle = await prepareBundle();
    client = await connectRunClient(place);
    return () => client.close();
  }, 60_000);
  beforeEach(async () => {
    folder = await newFolder();
    endpoint = await openStackEndpoint();
    rig = await openRig({ folder, endpoint: endpoint.url });
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await endpoint.close();
    await rig.close();
    await removeFolder(folder);
  });

  const stack: RunStack = {
    place,
    get client() {
      return client;
    },
    get rig() {
      return rig;
    },
    get endpoint() {
      return endpoint;
    },
    get rigPlace() {
      return { folder, endpoint: endpoint.url };
    },
    work: async (change = {}, on = place) => {
      const worker = await startRunWorker({ ...on, workflowBundle, activities: createRunActivities({ ...rig.deps, ...change }) });
      workers.push(worker);
      return worker;
    },
    drive: async (args) => {
      await client.start(args);
      return client.result(args);
    },
    eventsOf: (workspaceId, { runId }) => readEvents(rig, workspaceId, runId),
    expectSameEvents: (args, plan) => expectSameEvents(stack, args, plan),
  };
  return stack;
}

async function expectSameEvents(stack: RunStack, args: RunFlowArgs, plan: Rig['plans']['rules']): Promise<readonly RunEvent[]> {
  const { rig } = stack;
  const onTemporal = await stack.drive(args);
  stack.endpoint.asked.length = 0;
  const embedded = await driveEmbedded(rig, { workspaceId: EMBEDDED, plan, args });
  const events = await stack.eventsOf(TEMPORAL, args);
  expect(timeless(events)).toEqual(timeless(await stack.eventsOf(EMBEDDED, args)));
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

export const typesOf = (events: readonly RunEvent[]): readonly string[] => events.map(({ type }) => type);

/** As texts without an order, where the order is not that of an undisturbed run. */
export const sorted = (events: readonly unknown[]): readonly string[] => events.map((event) => JSON.stringify(event)).toSorted();

/** Answers come one after the other, far enough apart to arrive in this order on every host. */
export const opinions = (node: string, nth: number): Answer => {
  if (node === 'quick') return nth === 1 ? { status: 500 } : { text: 'spam?', afterMs: 50 };
  if (node === 'doubtful') return { status: 400, afterMs: 1_500 };
  return node === 'slow' ? { text: '这是诈骗', afterMs: 2_500 } : { text: ' SCAM ' };
};

export async function until(condition: () => boolean | Promise<boolean>, what: string, withinMs = 30_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Records a run of the newest plan version. */
export const saveRun = (name: string, args: RunFlowArgs): Promise<void> =>
  saveHistory(`v${args.started.data.planVersion}/${name}`, workflowIdOf(args));
