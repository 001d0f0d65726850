import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../schemas/index.ts';
import type { TemporalPlace } from '../../runtime/temporal/address.ts';
import { prepareBundle } from '../../runtime/temporal/bundle.ts';
import { connectRunClient, type RunClient } from '../../runtime/temporal/client.ts';
import { createRunActivities } from '../../runtime/temporal/run-activities.ts';
import { openStackEndpoint, type StackEndpoint } from '../../runtime/temporal/stack-endpoint.ts';
import {
  askRun,
  driveEmbedded,
  EMBEDDED,
  newFolder,
  openRig,
  readEvents,
  removeFolder,
  TEMPORAL,
  timeless,
  type Rig,
} from '../../runtime/temporal/stack-rig.ts';
import { startRunWorker } from '../../runtime/temporal/worker.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';

/**
 * A new release of Riskflow, made of a copy of this one: its newest plan version is 2, whose interpreter counts exceptions from 1,000,
 * and version 1 is there beside it as it was.
 */
const PATCHES: readonly (readonly [file: string, from: string, to: string])[] = [
  ['schemas/run-events.ts', 'export const PLAN_VERSION = 1;', 'export const PLAN_VERSION = 2;'],
  ['flow/engine-2/step.ts', 'exceptionsCount: draft.exceptions,', 'exceptionsCount: 1_000 + draft.exceptions,'],
  [
    'flow/versions.ts',
    'new Map([[1, first]])',
    'new Map([[1, first], [2, { ...first, advance: second.advance, conclude: second.conclude, requestStop: second.requestStop }]])',
  ],
  ['flow/versions.ts', 'import { evolve }', "import * as second from './engine-2/advance.ts';\nimport { evolve }"],
  ['flow/compilers.ts', 'new Map([', 'new Map([[2, (definition, flowVersion) => compilePlan(definition, flowVersion, 2)], '],
];
const ROOMS = [
  'activities',
  'connectors',
  'evaluation',
  'examples',
  'flow',
  'knowledge',
  'models',
  'runtime',
  'sandbox',
  'schemas',
  'storage',
  'trends',
  'workflows',
];
const project = fileURLToPath(new URL('../../', import.meta.url));

async function makeRelease(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'riskflow-release-'));
  for (const room of ROOMS) await cp(join(project, room), join(copy, room), { recursive: true });
  await cp(join(project, 'package.json'), join(copy, 'package.json'));
  await symlink(join(project, 'node_modules'), join(copy, 'node_modules'), 'junction');
  await cp(join(copy, 'flow/engine'), join(copy, 'flow/engine-2'), { recursive: true });
  for (const [file, from, to] of PATCHES) {
    const text = await readFile(join(copy, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no "${from}" to patch`);
    await writeFile(join(copy, file), text.replace(from, to));
  }
  return copy;
}

const place: TemporalPlace = {
  address: process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'] ?? '',
  namespace: 'default',
  taskQueue: `riskflow-test-${randomUUID()}`,
  identity: 'riskflow-test',
};

let release: string;
let folder: string;
let endpoint: StackEndpoint;
let rig: Rig;
let client: RunClient;

beforeAll(async () => {
  if (place.address === '') throw new Error('RISKFLOW_TEST_TEMPORAL_ADDRESS is not set: npm run stack -- up');
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  // A worker that does not know a plan version says so for each task that it gives back.
  const logger = new DefaultLogger('ERROR', () => undefined);
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { filter } } });
  [release, folder, endpoint] = await Promise.all([makeRelease(), newFolder(), openStackEndpoint()]);
  rig = await openRig({ folder, endpoint: endpoint.url });
  client = await connectRunClient(place);
}, 60_000);
afterAll(async () => {
  await client.close();
  await rig.close();
  await endpoint.close();
  await removeFolder(folder);
  await rm(release, { recursive: true, force: true });
});

async function until(condition: () => boolean | Promise<boolean>, what: string, withinMs = 30_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A worker of the new release, beside this one. */
async function startRelease(): Promise<ChildProcess> {
  const options = { ...place, folder, endpoint: endpoint.url, works: true };
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(release, 'runtime/temporal/stack-worker.ts'), JSON.stringify(options)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  await until(() => lines.includes('started') || child.exitCode !== null, 'the new release works', 60_000);
  return child;
}

const newRun = (args: RunFlowArgs): RunFlowArgs => {
  const { started } = args;
  return { ...args, started: { ...started, data: { ...started.data, planVersion: 2 } } };
};

const eventsOf = (workspaceId: string, { runId }: RunFlowArgs): Promise<readonly RunEvent[]> => readEvents(rig, workspaceId, runId);

describe('a release with a new plan version', () => {
  it('replays the recorded histories of version 1 as they were', async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(release, 'workflows/index.ts'),
      logger: new DefaultLogger('ERROR', () => undefined),
    });
    const histories = new URL('../../workflows/histories/v1/', import.meta.url);
    const names = (await readdir(histories)).filter((name) => name.endsWith('.json'));
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const history: unknown = JSON.parse(await readFile(new URL(name, histories), 'utf8'));
      for await (const { error } of Worker.runReplayHistories({ workflowBundle: { code } }, [{ workflowId: 'default/replayed', history }]))
        expect(error, name).toBeUndefined();
    }
  }, 60_000);

  it('ends the runs that the old one began as the old one would, and begins new ones under its own', async () => {
    const held = new Set(['third', 'judge']);
    endpoint.answer = (node) => {
      if (held.has(node)) return 'hang';
      return { text: `${node}!`, afterMs: node === 'slow' ? 900 : node === 'doubtful' ? 500 : 50 };
    };
    const old = await startRunWorker({ ...place, workflowBundle: await prepareBundle(), activities: createRunActivities(rig.deps) });
    // Open for as long as a new release takes to start, which is long on a busy machine.
    const chain = askRun({ plan: rig.plans.chain, text: 'open', timeoutMs: 180_000 });
    const opinion = askRun({ plan: rig.plans.opinion, text: 'open too', timeoutMs: 180_000 });
    await Promise.all([client.start(chain), client.start(opinion)]);
    await until(() => endpoint.asked.includes('third') && endpoint.asked.includes('judge'), 'two runs are open');

    const release2 = await startRelease();
    try {
      // While both are there the old worker may be asked for a new run: it gives the task back.
      const fresh = newRun(askRun({ plan: rig.plans.rules, text: 'win a prize' }));
      await client.start(fresh);
      expect(await client.result(fresh)).toMatchObject({ status: 'finished', data: { status: 'succeeded', exceptionsCount: 1_000 } });
      expect((await eventsOf(TEMPORAL, fresh))[0]?.data).toMatchObject({ planVersion: 2 });

      held.clear();
      await old.stop();
      for (const args of [chain, opinion]) {
        expect(await client.result(args)).toMatchObject({ status: 'finished', data: { status: 'succeeded', exceptionsCount: 0 } });
      }
      const last = newRun(askRun({ plan: rig.plans.chain, text: 'new' }));
      await client.start(last);
      expect(await client.result(last)).toMatchObject({
        data: { status: 'succeeded', exceptionsCount: 1_000, outputs: { answer: 'fifth!' } },
      });

      await driveEmbedded(rig, { workspaceId: EMBEDDED, plan: rig.plans.chain, args: chain });
      await driveEmbedded(rig, { workspaceId: EMBEDDED, plan: rig.plans.opinion, args: opinion });
      for (const args of [chain, opinion]) {
        expect(timeless(await eventsOf(TEMPORAL, args))).toEqual(timeless(await eventsOf(EMBEDDED, args)));
      }
    } finally {
      release2.kill('SIGKILL');
    }
  }, 120_000);
});
