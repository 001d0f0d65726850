import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { appActivities, payloadBlobs, prepareBundle, startRunWorker } from '../../runtime/temporal/app-worker.ts';
import { workflowIdOf } from '../../runtime/temporal/client.ts';
import { openTemporalClient, type TemporalClient } from '../../runtime/temporal/open-client.ts';
import type { RunWorker } from '../../runtime/temporal/worker.ts';
import type { EffectExecutor } from '../../schemas/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { faultInputs, type FaultInput } from './fault-flow.ts';
import { expectAgreement, expectCalls, openFaultRig, until, type FaultRig } from './fault-rig.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';
import { driveUndisturbed, type Undisturbed } from './undisturbed.ts';

const GOOD = 50;
const WARM = 10;
const POISONED = 3;
/** Effects at once: a poisoned run that kept its places would leave the others few. */
const MAX_EFFECTS = 20;
const HANG_LIMIT_MS = 4_000;
const { mysql, temporal, missing, reason } = stackServers();

describe.skipIf(missing)(`poisoned runs${reason}`, () => {
  let database: OwnDatabase;
  let rig: FaultRig;
  let raw: TemporalClient;
  let worker: RunWorker;
  /** How often effects of a run were tried. */
  const tries = new Map<string, number>();
  const throwing = poisonedInputs('throws', 9_000);
  const broken = poisonedInputs('breaks', 9_100);
  const hanging = poisonedInputs('hangs', 9_200);

  beforeAll(async () => {
    database = await makeDatabase(mysql);
    rig = await openFaultRig({ mysql: database.url, temporal, taskQueue: database.name });
    raw = await openTemporalClient(rig.place);
    // Failures are what is tested here: warnings of them are noise.
    const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: { logging: { filter } } });
    worker = await startPoisonedWorker();
  }, 60_000);
  afterAll(async () => {
    await worker.stop();
    await raw.close();
    await rig.close();
    await database.drop();
  }, 60_000);

  /** The worker as it is, but that the effects of some runs cannot be performed. */
  async function startPoisonedWorker(): Promise<RunWorker> {
    const { context } = rig.app;
    const thrown = new Set(throwing.map(({ runId }) => runId));
    const effects: typeof context.effects = (models) => {
      const perform = context.effects(models);
      const poisoned: EffectExecutor = (effect, options) => {
        if (!thrown.has(effect.runId)) return perform(effect, options);
        tries.set(effect.runId, (tries.get(effect.runId) ?? 0) + 1);
        return Promise.reject(new Error('the device is on fire'));
      };
      return poisoned;
    };
    return startRunWorker({
      ...rig.place,
      activities: appActivities({ ...context, effects }),
      workflowBundle: await prepareBundle(),
      blobs: payloadBlobs(context.storage, context.workspaceId),
      maxEffects: MAX_EFFECTS,
    });
  }

  function poisonedInputs(kind: string, from: number): readonly FaultInput[] {
    return faultInputs(POISONED).map(({ runId }, i) => ({ runId: `${runId}-${kind}`, text: `report ${from + i}` }));
  }
  const argsFor = (inputs: readonly FaultInput[], like: RunFlowArgs, change: Partial<RunFlowArgs> = {}): readonly RunFlowArgs[] =>
    inputs.map(({ runId, text }) => ({
      ...like,
      ...change,
      runId,
      started: { ...like.started, data: { ...like.started.data, runId, inputs: { text }, system: { workflow_run_id: runId } } },
    }));
  const startAll = (runs: readonly RunFlowArgs[]): Promise<unknown> => Promise.all(runs.map((run) => rig.client.start(run)));
  /** Milliseconds from the first start to the last end. */
  async function drive(runs: readonly RunFlowArgs[]): Promise<number> {
    const began = performance.now();
    await startAll(runs);
    const ends = await Promise.all(runs.map((run) => rig.client.result(run)));
    expect(ends.map((end) => end.status === 'finished' && end.data.status)).toEqual(runs.map(() => 'succeeded'));
    return performance.now() - began;
  }
  /** Events that fit no plan: the interpreter throws, and Temporal tries the same step again and again. */
  async function breakEvents({ runId, started, workspaceId, actor }: RunFlowArgs): Promise<void> {
    const events = [
      started,
      { type: 'NodeStarted', data: { nodeId: 'nobody', path: [], visit: 1, effectId: 'nobody#1', index: 1, at: 0 } },
    ];
    const append = { log: 'runs-0', stream: `run/${runId}`, events, expected: { from: 1 } } as const;
    expect((await rig.app.context.storage.events.write({ workspaceId, actor, appends: [append] })).status).toBe('written');
  }
  /** How often Temporal tried the step that a run is at. */
  const stepTries = async (run: RunFlowArgs): Promise<number> =>
    (await raw.client.workflow.getHandle(workflowIdOf(run)).describe()).raw.pendingWorkflowTask?.attempt ?? 0;
  const statusOf = async (run: RunFlowArgs): Promise<string> =>
    (await raw.client.workflow.getHandle(workflowIdOf(run)).describe()).status.name;

  it(
    `of three kinds fail again and again, and ${GOOD} good ones end in about the time they need without them`,
    { timeout: 180_000 },
    async () => {
      const inputs = faultInputs(WARM + GOOD * 2);
      const undisturbed: Undisturbed = await driveUndisturbed(inputs);
      const args = rig.argsOf(undisturbed);
      const [like] = args;
      if (like === undefined) throw new Error('there are no runs');
      const [warm, alone, beside] = [args.slice(0, WARM), args.slice(WARM, WARM + GOOD), args.slice(WARM + GOOD)];
      await drive(warm);
      const aloneMs = await drive(alone);

      rig.endpoint.hang(hanging.map(({ text }) => text));
      const [stoppable, stuck] = [argsFor(throwing, like), argsFor(broken, like)];
      const hung = argsFor(hanging, like, { timeoutMs: HANG_LIMIT_MS });
      await Promise.all(stuck.map(breakEvents));
      await startAll([...stoppable, ...stuck, ...hung]);
      const tried = async (): Promise<readonly number[]> => [
        ...stoppable.map(({ runId }) => tries.get(runId) ?? 0),
        ...(await Promise.all(stuck.map(stepTries))),
      ];
      // A step that is tried for the second time has failed.
      await until(async () => (await tried()).every((times) => times >= 2), 'every poisoned run has failed');
      const before = await tried();
      const besideMs = await drive(beside);
      const ratio = besideMs / aloneMs;
      process.stdout.write(`${GOOD} runs: ${aloneMs.toFixed(0)} ms alone, ${besideMs.toFixed(0)} ms beside poisoned ones\n`);
      expect(ratio).toBeLessThan(2);

      // They did fail meanwhile and go on doing so, and the runs beside them took nothing from it.
      await until(async () => (await tried()).filter((times, i) => times > (before[i] ?? 0)).length > POISONED, 'they are tried again');
      expect(await Promise.all([...stoppable, ...stuck].map(statusOf))).toEqual([...stoppable, ...stuck].map(() => 'RUNNING'));
      const ended = await Promise.all(hung.map((run) => rig.client.result(run)));
      expect(ended.map((end) => end.status === 'finished' && end.data.status)).toEqual(hung.map(() => 'stopped'));

      // A run whose effect cannot be performed can still be stopped; one whose steps fail can only be terminated.
      for (const run of stoppable) expect(await rig.client.stop(run, 'poisoned')).toBe('requested');
      const stopped = await Promise.all(stoppable.map((run) => rig.client.result(run)));
      expect(stopped.map((end) => end.status === 'finished' && end.data.status)).toEqual(stoppable.map(() => 'stopped'));
      for (const run of stuck) await raw.client.workflow.getHandle(workflowIdOf(run)).terminate('poisoned');

      const asked = [...rig.endpoint.calls().keys()];
      for (const { text } of [...throwing, ...broken]) expect(asked.filter((key) => key.endsWith(` ${text}`))).toEqual([]);
      expectCalls(rig, inputs, [], { besideOthers: true });
      await expectAgreement(rig, inputs, undisturbed, { besideOthers: true });
    },
  );
});
