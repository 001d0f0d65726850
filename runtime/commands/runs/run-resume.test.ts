import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeValues, PLAN_VERSION, type RunEvent, type RunStarted, type RunStatusChange } from '../../../schemas/index.ts';
import { runStream } from '../../embedded/run-host.ts';
import { holdLease } from '../../leases.ts';
import type { App } from '../../open-app.ts';
import { publishFlowFile, type PublishedFlow } from '../flows.ts';
import { runFlow, type RunRequest } from './run-flow.ts';
import { interruptedRuns, readRun } from './run-reads.ts';
import { resumeRun } from './run-resume.ts';
import { startRun } from './run-start.ts';
import { stopRun } from './run-stop.ts';
import { llmFlow, openRig, startRigModel, type RigModel } from '../../streams/source-rig.ts';

let folder: string;
let model: RigModel;
let app: App;
let flow: PublishedFlow;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-resume-'));
  model = await startRigModel();
  app = await openRig(folder, model.environment);
  flow = await publish(llmFlow());
});
afterEach(async () => {
  await app.close();
  await model.close();
  rmSync(folder, { recursive: true });
});

async function publish(text: string, flowName?: string): Promise<PublishedFlow> {
  writeFileSync(join(folder, 'flow.yml'), text);
  return publishFlowFile(app.context, join(folder, 'flow.yml'), flowName === undefined ? {} : { flowName });
}

const request = (): Pick<RunRequest, 'plan' | 'inputs'> => ({ plan: flow.plan, inputs: new Map([['text', 'hello']]) });

/** Begins a run and leaves it with so many of its two calls made and the last one unanswered. @returns its id */
async function interrupted(calls: 1 | 2, more: Partial<RunRequest> = {}): Promise<string> {
  const abort = new AbortController();
  const before = [...model.calls.values()].reduce((sum, count) => sum + count, 0);
  let id = '';
  model.hold();
  const running = runFlow(app.context, { ...request(), ...more, signal: abort.signal, onBegun: ({ runId }) => (id = runId) });
  await model.came(before + 1);
  if (calls === 2) {
    model.release();
    model.hold();
    await model.came(before + 2);
    // What is written with the next node shows that the first is over.
    while ((await readRun(app.context, id)).length < 5) await new Promise(setImmediate);
  }
  abort.abort(new Error('the process ends'));
  await expect(running).rejects.toThrow('the process ends');
  model.release();
  return id;
}

const typesOf = (events: readonly RunEvent[]): readonly string[] =>
  events.map((event) => ('nodeId' in event.data ? `${event.type} ${event.data.nodeId}` : event.type));
const logged = async (runId: string): Promise<readonly string[]> => typesOf(await readRun(app.context, runId));
const versionsOf = async (runId: string): Promise<readonly number[]> =>
  (await app.context.storage.events.readStream('default', runStream(runId))).map(({ version }) => version);
const WHOLE = [
  'RunStarted',
  'NodeFinished start',
  'NodeStarted first',
  'NodeFinished first',
  'NodeStarted second',
  'NodeFinished second',
  'NodeFinished end',
  'RunFinished',
];

describe('resumeRun', () => {
  it.each([
    { calls: 1 as const, made: { 'first hello': 2, 'second hello': 1 } },
    { calls: 2 as const, made: { 'first hello': 1, 'second hello': 2 } },
  ])('goes on with a run whose call $calls was in flight: only that one is made again', async ({ calls, made }) => {
    const runId = await interrupted(calls);
    const before = await readRun(app.context, runId);
    const seen: RunEvent[] = [];
    const begun: string[] = [];
    const run = await resumeRun(app.context, runId, {
      onBegun: (started) => begun.push(started.runId),
      onEvent: (event, plan) => {
        expect(plan.flowVersion).toBe(flow.version);
        seen.push(event);
      },
    });
    expect(run).toMatchObject({ runId, flow: 'asking', flowVersion: flow.version, status: 'succeeded', totalSteps: 4, wasOver: false });
    expect(decodeValues('outputs' in run ? run.outputs : null)).toEqual(new Map([['label', 'SECOND HELLO']]));
    expect(Object.fromEntries(model.calls)).toEqual(made);
    expect(begun).toEqual([runId]);
    expect(await logged(runId)).toEqual(WHOLE);
    expect(await versionsOf(runId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const after = await readRun(app.context, runId);
    expect(seen).toEqual(after);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(await interruptedRuns(app.context)).toEqual([]);
  });

  it('takes an answer that was stored before the event that names it, and does not ask again', async () => {
    const runId = await interrupted(1);
    const usage = { inputTokens: 3, outputTokens: 4, cost: null, calls: 1 };
    const result = { status: 'succeeded', outputs: { text: 'as stored' }, usage, elapsedMs: 5, reused: false } as const;
    await app.context.storage.effects.put('default', { runId, effectId: 'first#1', result });
    expect(await resumeRun(app.context, runId)).toMatchObject({
      status: 'succeeded',
      usage: { inputTokens: 4, outputTokens: 5, calls: 2 },
    });
    const finished = (await readRun(app.context, runId)).find((event) => event.type === 'NodeFinished' && event.data.nodeId === 'first');
    expect(finished).toMatchObject({ data: { outputs: { text: 'as stored' } } });
    expect(Object.fromEntries(model.calls)).toEqual({ 'first hello': 1, 'second hello': 1 });
  });

  it('reads a run that is over again, and does nothing else', async () => {
    const { runId, ...first } = await runFlow(app.context, request());
    const seen: RunEvent[] = [];
    const head = await app.context.storage.events.head('default', 'runs-0');
    const lease = (await app.context.storage.leases.read('default', `run/${runId}`)) ?? null;
    const again = await resumeRun(app.context, runId, { onBegun: () => expect.unreachable(), onEvent: (event) => seen.push(event) });
    expect(again).toEqual({ runId, ...first, wasOver: true });
    expect(typesOf(seen)).toEqual(WHOLE);
    expect(await resumeRun(app.context, runId)).toEqual(again);
    expect(await app.context.storage.events.head('default', 'runs-0')).toBe(head);
    expect([lease, await app.context.storage.leases.read('default', `run/${runId}`)]).toEqual([null, undefined]);
    expect(Object.fromEntries(model.calls)).toEqual({ 'first hello': 1, 'second hello': 1 });
  });

  it('keeps the version and the name of the flow, the pins and the inputs that the run was begun with', async () => {
    const twin = await publish(llmFlow(), 'twin');
    const runId = await interrupted(1, { plan: twin.plan, pins: { second: { outputs: { text: 'pinned' } } } });
    const newer = await publish(llmFlow({ mark: '-v2' }), 'twin');
    expect(newer.version).not.toBe(twin.version);
    const run = await resumeRun(app.context, runId);
    expect(run).toMatchObject({ flow: 'twin', flowVersion: twin.version, outputs: { label: 'pinned' } });
    expect(await app.context.storage.events.runStatus('default', runId)).toMatchObject({ flow: 'twin', status: 'succeeded' });
    expect(Object.fromEntries(model.calls)).toEqual({ 'first hello': 2 });
  });

  it('has nothing to do for a run that was stopped while nobody owned it', async () => {
    const runId = await interrupted(2);
    expect(await stopRun(app.context, runId, 'not wanted any more')).toBe('stopped');
    expect(await stopRun(app.context, runId, 'once more')).toBe('already-over');
    expect(await resumeRun(app.context, runId)).toMatchObject({ status: 'stopped', error: 'not wanted any more', wasOver: true });
    expect(Object.fromEntries(model.calls)).toEqual({ 'first hello': 1, 'second hello': 1 });
    expect((await logged(runId)).slice(-2)).toEqual(['RunStopRequested', 'RunFinished']);
  });

  it('stops a run whose owner went before it saw that it was to stop, and makes no call for it', async () => {
    const runId = await interrupted(2);
    const owner = await holdLease(app.context, `run/${runId}`);
    expect(await stopRun(app.context, runId, 'not wanted any more')).toBe('requested');
    await owner.release();
    expect(await resumeRun(app.context, runId)).toMatchObject({ status: 'stopped', error: 'not wanted any more', outputs: null });
    expect(Object.fromEntries(model.calls)).toEqual({ 'first hello': 1, 'second hello': 1 });
    expect((await logged(runId)).slice(-2)).toEqual(['RunStopRequested', 'RunFinished']);
  });

  it('holds it to the same time limit as a run that begins', async () => {
    const runId = await interrupted(1);
    writeFileSync(join(folder, 'riskflow.yml'), 'runTimeoutMs: 100\n');
    const other = await openRig(folder, model.environment);
    model.hold();
    expect(await resumeRun(other.context, runId)).toMatchObject({
      status: 'stopped',
      error: expect.stringContaining('longer than 100 ms') as string,
    });
    await other.close();
  });

  it('is told who works on a run that is alive, and can stop it', async () => {
    model.hold();
    let runId = '';
    const running = runFlow(app.context, { ...request(), onBegun: (started) => (runId = started.runId) });
    await model.came(1);
    await expect(resumeRun(app.context, runId)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`run ${runId} is being worked on by process ${process.pid} on `) as string,
    });
    expect(await interruptedRuns(app.context)).toEqual([]);
    await stopRun(app.context, runId, 'enough');
    expect(await running).toMatchObject({ status: 'stopped' });
    expect(await resumeRun(app.context, runId)).toMatchObject({ status: 'stopped', wasOver: true });
  });

  it.each([
    { calls: 1 as const, node: 'first' },
    { calls: 2 as const, node: 'second' },
  ])('is refused without the key that the node "$node", which comes next, needs; the run is as it was', async ({ calls, node }) => {
    const runId = await interrupted(calls);
    const before = await logged(runId);
    const keyless = await openRig(folder);
    await expect(resumeRun(keyless.context, runId)).rejects.toMatchObject({
      code: 'missing_key',
      message: expect.stringContaining(`node "${node}" of flow "asking"`) as string,
    });
    await keyless.close();
    expect(await logged(runId)).toEqual(before);
    expect(await resumeRun(app.context, runId)).toMatchObject({ status: 'succeeded' });
  });

  const own = (runId: string): RunStatusChange => ({
    runId,
    flow: 'asking',
    flowVersion: flow.version,
    mode: 'manual',
    status: 'running',
    resource: `run/${runId}`,
  });
  const nowhere = 'f'.repeat(64);
  it.each([
    { what: 'unknown', code: 'not_found', says: /^there is no run "r-1"$/, hint: /--resume/ },
    {
      what: 'one of an evaluation',
      status: { mode: 'evaluation', resource: 'evaluation/e-7' },
      code: 'usage',
      says: /^run r-1 is a run of evaluation e-7, which goes on as a whole$/,
      hint: /^go on with: riskflow eval resume e-7$/,
    },
    {
      what: 'one of a source, and over',
      status: { mode: 'live', resource: 'source/reports', status: 'succeeded' },
      code: 'usage',
      says: /^run r-1 is a run of source reports, /,
      hint: /^go on with: riskflow source start reports$/,
    },
    {
      what: 'one of another version of the interpreter',
      status: {},
      started: { planVersion: PLAN_VERSION + 1 },
      code: 'unsupported',
      says: new RegExp(
        `^run r-1 was begun under version ${PLAN_VERSION + 1} of the interpreter, and this Riskflow knows version ${PLAN_VERSION}$`,
      ),
      hint: /the version of Riskflow that began it/,
    },
    {
      what: 'one of a flow version that is not known',
      status: {},
      started: { flowVersion: nowhere },
      code: 'not_found',
      says: new RegExp(`^run r-1 of flow "asking" cannot go on: there is no flow version ${nowhere}$`),
    },
  ] as const)('refuses a run that is $what, and writes nothing', async (row) => {
    const { storage } = app.context;
    if ('status' in row) {
      const { data } = startRun(app.context, { ...request(), runId: 'r-1', mode: 'manual', origin: { kind: 'manual' } });
      const started: RunStarted = { type: 'RunStarted', data: { ...data, ...('started' in row ? row.started : {}) } };
      await storage.events.write({
        workspaceId: 'default',
        actor: 'test',
        appends: [{ log: 'runs-0', stream: runStream('r-1'), events: [started], expected: { version: 0 } }],
        runStatus: [{ ...own('r-1'), ...row.status }],
      });
    }
    const head = await storage.events.head('default', 'runs-0');
    const refused = resumeRun(app.context, 'r-1', { onBegun: () => expect.unreachable(), onEvent: () => expect.unreachable() });
    await expect(refused).rejects.toMatchObject({ code: row.code, message: expect.stringMatching(row.says) as string });
    if ('hint' in row) await expect(refused).rejects.toMatchObject({ hint: expect.stringMatching(row.hint) as string });
    expect(await storage.events.head('default', 'runs-0')).toBe(head);
    expect(await storage.leases.read('default', 'run/r-1')).toBeUndefined();
    expect(model.calls.size).toBe(0);
  });
});

describe('interruptedRuns', () => {
  it('are the manual runs that nobody works on any more, oldest first', async () => {
    const first = await interrupted(1);
    const second = await interrupted(2);
    await runFlow(app.context, request());
    const common = { flow: 'asking', flowVersion: flow.version, mode: 'evaluation', status: 'running' } as const;
    await app.context.storage.events.write({
      workspaceId: 'default',
      actor: 'test',
      appends: [],
      runStatus: [{ ...common, runId: 'e-1.A.0.0', resource: 'evaluation/e-1' }],
    });
    const runs = await interruptedRuns(app.context);
    expect(runs.map(({ runId, flow: name }) => [runId, name])).toEqual([
      [first, 'asking'],
      [second, 'asking'],
    ]);
    expect(runs[0]?.since).toBeLessThanOrEqual(runs[1]?.since ?? 0);
    expect(Math.abs((runs[0]?.since ?? 0) - Date.now())).toBeLessThan(20_000);

    // Nobody can know whether the process of another machine lives: its lease has to end.
    const owner = { owner: 'o', host: 'elsewhere', boot: 'b', pid: 1 };
    const take = { now: Date.now(), ttlMs: 60_000, isDead: () => false };
    await app.context.leases.take('default', `run/${first}`, owner, take);
    expect((await interruptedRuns(app.context)).map(({ runId }) => runId)).toEqual([second]);
    const later = { ...app.context, now: () => Date.now() + 60_001 };
    expect((await interruptedRuns(later)).map(({ runId }) => runId)).toEqual([first, second]);
  });
});
