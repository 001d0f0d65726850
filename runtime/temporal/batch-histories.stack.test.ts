import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PieceArgs, PieceResult, RunFlowArgs, ScheduledActivities, scheduled } from '../../workflows/index.ts';
import { prepareBundle } from './bundle.ts';
import { createRunActivities } from './run-activities.ts';
import { registerSearchAttributes, SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { counts, done, scriptedBatches } from './stack-batches.ts';
import { historiesOf, saveHistory, withTemporal } from './stack-histories.ts';
import { askRun, newFolder, openRig, removeFolder, type Rig } from './stack-rig.ts';
import { ownPlace, quietRuntime, until } from './stack-runs.contract.ts';
import { startRunWorker, type RunWorker } from './worker.ts';

/** What is begun at an occurrence of a schedule, by its name. */
const begun = new Map<string, Awaited<ReturnType<ScheduledActivities['beginOccurrence']>>>();
const schedules: ScheduledActivities = {
  beginOccurrence: ({ schedule }) => Promise.resolve(begun.get(schedule) ?? { kind: 'nothing', reason: 'the schedule was deleted' }),
  evaluateOccurrence: () => Promise.resolve({ status: 'succeeded', detail: 'PASS' }),
  endOccurrence: () => Promise.resolve(),
};

const place = ownPlace();
const { activities: scripted, begin } = scriptedBatches(place.taskQueue);
let folder: string;
let rig: Rig;
let worker: RunWorker;

beforeAll(async () => {
  quietRuntime();
  folder = await newFolder();
  // Runs that these workflows start do run; nobody asks a model.
  rig = await openRig({ folder, endpoint: 'http://127.0.0.1:1/v1' });
  await registerSearchAttributes(place);
  const activities = { ...createRunActivities(rig.deps), ...scripted, ...schedules };
  worker = await startRunWorker({ ...place, workflowBundle: await prepareBundle(), activities });
}, 60_000);
afterAll(async () => {
  await worker.stop();
  await rig.close();
  await removeFolder(folder);
});

describe('the workflows of batches, recorded', () => {
  it('to the end in two shards', async () => {
    const batch = await begin({ script: { places: 8 }, spread: { runsPerActivity: 2, window: 2, shards: 2 } });
    expect(await batch.result()).toEqual({ status: 'finished', counts: counts(8), verdict: null, poisoned: [] });
    await batch.save('finished', 2);
  });

  it('an evaluation that is paused, resumed and judged, after it waited for its lease', async () => {
    const first = Promise.withResolvers<PieceResult>();
    const batch = await begin({
      kind: 'evaluation',
      spread: { runsPerActivity: 2, window: 1 },
      verdictAttribute: SEARCH_ATTRIBUTES.verdict,
      script: {
        places: 6,
        open: (nth) => (nth === 1 ? { status: 'held', by: 'process 7 on elsewhere', waitMs: 100 } : undefined),
        perform: (args, nth) => (nth === 1 ? first.promise : done(args)),
      },
    });
    await until(() => batch.performed() > 0, 'the first piece is under way');
    await batch.on((handle) => handle.signal('pause'));
    await until(() => batch.wish() === 'pause', 'the wish is noted');
    first.resolve(done({ piece: { home: 0, from: 0, to: 2 } }, { status: 'left', counts: counts(0) }));
    await until(async () => (await batch.view()).phase === 'paused' && (await batch.view()).underWay.length === 0, 'it is paused');
    await batch.on((handle) => handle.signal('resume'));
    expect(await batch.result()).toEqual({ status: 'finished', counts: counts(6), verdict: 'PASS', poisoned: [] });
    await batch.save('paused');
  });

  it('one that goes on as new executions', async () => {
    const batch = await begin({ script: { places: 10 }, spread: { runsPerActivity: 2, window: 2, shards: 1 }, chunksPerExecution: 2 });
    expect(await batch.result()).toMatchObject({ status: 'finished', counts: counts(10) });
    expect(await historiesOf(`${batch.workflowId}/shard-0`)).toHaveLength(3);
    await batch.save('continued');
  });

  it('one of whose runs cannot be driven, and one is handed over', async () => {
    const waiting = { ...askRun({ plan: rig.plans.rules, text: 'handed over' }), workspaceId: 'default' };
    const poisoned = ({ from, to }: PieceArgs['piece']): boolean => from <= 3 && 3 < to;
    const perform = (args: PieceArgs): PieceResult => {
      if (poisoned(args.piece)) throw ApplicationFailure.create({ message: 'the worker is gone', type: 'Gone' });
      return args.piece.from === 0 ? done(args, { counts: counts(1, { handedOver: 1 }), handedOver: [waiting] }) : done(args);
    };
    const batch = await begin({ script: { places: 6, perform }, spread: { runsPerActivity: 2, window: 2, shards: 1 } });
    expect(await batch.result()).toMatchObject({
      status: 'finished',
      counts: counts(4, { failed: 1, handedOver: 1 }),
      poisoned: [{ place: 3, error: 'the worker is gone' }],
    });
    expect(await withTemporal(({ workflow }) => workflow.getHandle(`default/run/${waiting.runId}`).result())).toMatchObject({
      status: 'finished',
    });
    await batch.save('poisoned');
  });

  it('one that is cancelled in Temporal', async () => {
    const stopping = Promise.withResolvers<PieceResult>();
    const batch = await begin({
      script: { places: 6, perform: () => stopping.promise },
      spread: { runsPerActivity: 2, window: 2, shards: 1 },
    });
    await until(() => batch.performed() >= 2, 'two pieces are under way');
    await batch.on((handle) => handle.cancel());
    await until(() => batch.wish() === 'cancel', 'the wish is noted');
    stopping.resolve(done({ piece: { home: 0, from: 0, to: 2 } }, { status: 'cancelled', counts: counts(0, { stopped: 2 }) }));
    expect(await batch.result()).toMatchObject({ status: 'stopped', counts: counts(0, { stopped: 4 }) });
    await batch.save('cancelled');
  });
});

describe('the workflow of an occurrence of a schedule, recorded', () => {
  const occurrence = async (what: Awaited<ReturnType<ScheduledActivities['beginOccurrence']>>) => {
    const schedule = randomUUID();
    begun.set(schedule, what);
    const workflowId = `default/schedule/${schedule}`;
    const args = [{ workspaceId: 'default', schedule }] as const;
    const result = await withTemporal(({ workflow }) =>
      workflow.execute<typeof scheduled>('scheduled', { workflowId, taskQueue: place.taskQueue, args: [...args] }),
    );
    return { workflowId, result };
  };
  const runOf = (args: RunFlowArgs) => ({
    kind: 'run' as const,
    args,
    workflowId: `default/run/${args.runId}`,
    labels: { staticSummary: 'scheduled', staticDetails: 'by a schedule', memo: { flow: args.started.data.flow }, searchAttributes: {} },
  });

  it.each([
    [
      'run',
      { status: 'succeeded', detail: null },
      () => runOf({ ...askRun({ plan: rig.plans.rules, text: 'x' }), workspaceId: 'default' }),
    ],
    ['evaluation', { status: 'succeeded', detail: 'PASS' }, () => ({ kind: 'evaluation' as const, evaluationId: 'e-1' })],
    ['nothing', null, () => ({ kind: 'nothing' as const, reason: 'it was skipped' })],
  ])('with a %s to be done', async (name, expected, what) => {
    const { workflowId, result } = await occurrence(what());
    expect(result).toEqual(expected);
    await saveHistory(`schedules/${name}`, workflowId);
  });
});
