import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareBundle, type PreparedBundle } from './bundle.ts';
import { done, scriptedBatches } from './stack-batches.ts';
import { withTemporal } from './stack-histories.ts';
import { ownPlace, quietRuntime, until } from './stack-runs.contract.ts';
import { startRunWorker, type RunWorker } from './worker.ts';
import { promoteBuild } from './worker-builds.ts';

const place = ownPlace();
const { activities, begin } = scriptedBatches(place.taskQueue);
const deployment = { namespace: place.namespace, deploymentName: place.taskQueue };
const workers: RunWorker[] = [];
let workflowBundle: PreparedBundle;

beforeAll(async () => {
  quietRuntime();
  workflowBundle = await prepareBundle();
}, 60_000);
afterAll(() => Promise.all(workers.map((worker) => worker.stop())));

/** A worker of a build, to which new workflows go from now on. */
async function startBuild(buildId: string): Promise<void> {
  const build = { deploymentName: place.taskQueue, buildId };
  workers.push(await startRunWorker({ ...place, workflowBundle, activities, build }));
  await withTemporal(({ workflowService }) => promoteBuild({ workflowService }, { ...deployment, buildId, onlyWhenNew: true }));
}

/** The builds of all executions of a workflow, the first one first. */
const buildsOf = (workflowId: string): Promise<readonly string[]> =>
  withTemporal(async ({ workflow, workflowService }) => {
    const builds: string[] = [];
    const described = await workflow.getHandle(workflowId).describe();
    let runId = described.raw.workflowExecutionInfo?.firstRunId ?? '';
    while (runId !== '') {
      const execution = { workflowId, runId };
      const { workflowExecutionInfo: info } = await workflowService.describeWorkflowExecution({ namespace: place.namespace, execution });
      builds.push(info?.versioningInfo?.deploymentVersion?.buildId ?? '');
      const { events } = await workflow.getHandle(workflowId, runId).fetchHistory();
      runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? '';
    }
    return builds;
  });

/** Temporal knows "upgrade on continue-as-new" from 1.31 on; older servers take no notice of it. */
async function movesOn(): Promise<boolean> {
  const { serverVersion } = await withTemporal(({ workflowService }) => workflowService.getSystemInfo({}));
  const [major = 0, minor = 0] = serverVersion.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 31);
}

describe('a batch on workers of two builds', () => {
  it('stays on the one it began on; a shard that goes on as a new execution moves to the current one, if the server is 1.31 or newer', async () => {
    const held = Promise.withResolvers<void>();
    await startBuild('A');
    const batch = await begin({
      spread: { runsPerActivity: 1, window: 1, shards: 1 },
      chunksPerExecution: 2,
      script: {
        places: 5,
        perform: async (args, nth) => {
          if (nth === 1) await held.promise;
          return done(args);
        },
      },
    });
    await until(() => batch.performed() === 1, 'the first portion is under way', 30_000);
    await startBuild('B');
    held.resolve();
    expect(await batch.result()).toMatchObject({ status: 'finished', counts: { succeeded: 5 } });
    expect(await buildsOf(`${batch.workflowId}/shard-0`)).toEqual((await movesOn()) ? ['A', 'B', 'B'] : ['A', 'A', 'A']);
    expect(await buildsOf(batch.workflowId)).toEqual(['A']);
  }, 60_000);
});
