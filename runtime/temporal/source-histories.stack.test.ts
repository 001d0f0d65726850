import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PART_COUNT } from '../../schemas/index.ts';
import type { decideSource, DecideSourceArgs, PartTurn, SourceActivities } from '../../workflows/index.ts';
import { prepareBundle } from './bundle.ts';
import { historiesOf, saveHistory, withTemporal } from './stack-histories.ts';
import { ownPlace, quietRuntime } from './stack-runs.contract.ts';
import { startRunWorker, type RunWorker } from './worker.ts';

/** What the nth turn of a part comes to, from 1. */
type Script = (part: number, nth: number) => PartTurn | Promise<PartTurn>;

const place = ownPlace();
const scripts = new Map<string, { readonly script: Script; readonly turns: number[] }>();
const activities: SourceActivities = {
  decidePart: async ({ sourceId, part }) => {
    const known = scripts.get(sourceId);
    if (known === undefined) throw ApplicationFailure.nonRetryable(`the source ${sourceId} has no script`);
    const nth = (known.turns[part] ?? 0) + 1;
    known.turns[part] = nth;
    return known.script(part, nth);
  },
};
const turn = (more: Partial<PartTurn> = {}): PartTurn => ({ decided: 1, failed: 0, superseded: 0, held: null, isOver: false, ...more });

describe('the workflow of a source, recorded', () => {
  let worker: RunWorker;
  beforeAll(async () => {
    quietRuntime();
    worker = await startRunWorker({ ...place, workflowBundle: await prepareBundle(), activities });
  }, 60_000);
  afterAll(() => worker.stop());

  async function decide(script: Script, more: Partial<DecideSourceArgs> = {}) {
    const sourceId = randomUUID();
    const turns: number[] = [];
    scripts.set(sourceId, { script, turns });
    const workflowId = `default/source/${sourceId}`;
    const args: DecideSourceArgs = { workspaceId: 'default', sourceId, ...more };
    const result = await withTemporal(({ workflow }) =>
      workflow.execute<typeof decideSource>('decideSource', { workflowId, taskQueue: place.taskQueue, args: [args] }),
    );
    return { workflowId, result, turns };
  }

  it('ends when every part finds it stopped, with the sum of what was decided', async () => {
    const { workflowId, result, turns } = await decide((_, nth) => turn({ failed: 1, isOver: nth === 3 }));
    expect(result).toEqual({ decided: 3 * PART_COUNT, failed: 3 * PART_COUNT, superseded: 0 });
    expect(turns).toEqual(Array.from({ length: PART_COUNT }, () => 3));
    await saveHistory('sources/stopped', workflowId);
  });

  it('goes on with a part that found it stopped, when the others did not', async () => {
    // The first part looked while the source was paused; the others, after it was resumed.
    const again = Promise.withResolvers<void>();
    const { workflowId, result, turns } = await decide(async (part, nth) => {
      if (part === 0 && nth === 2) again.resolve();
      if (part > 0) await again.promise;
      return turn({ isOver: true });
    });
    expect(turns).toEqual([2, ...Array.from({ length: PART_COUNT - 1 }, () => 1)]);
    expect(result.decided).toBe(PART_COUNT + 1);
    await saveHistory('sources/resumed', workflowId);
  });

  it('goes on as new executions, which know what was decided before', async () => {
    const { workflowId, result } = await decide((_, nth) => turn({ held: nth === 1 ? 'the budget is spent' : null, isOver: nth === 4 }), {
      turnsPerExecution: 2,
    });
    expect(result.decided).toBe(4 * PART_COUNT);
    expect(await historiesOf(workflowId)).toHaveLength(2);
    await saveHistory('sources/continued', workflowId);
  });
});
