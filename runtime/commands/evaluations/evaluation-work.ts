import { seededOrder } from '../../../evaluation/index.ts';
import type { Context } from '../../context.ts';
import { shareCalls, type BatchKind, type BatchRun, type BatchWork } from '../batches/batch-work.ts';
import { evaluateOne, giveUpSample, prepareWork, sampleRuns, type SampleRun } from './evaluation-run.ts';
import { evaluationRow, frozenModels, judge, loadEvaluation, startedOf } from './evaluations.ts';

/** An evaluation as one of several processes that work on it. Reuse goes through storage, where they share their answers. */
async function evaluationWork(context: Context, evaluationId: string): Promise<BatchWork> {
  const started = await startedOf(context, evaluationId);
  const loaded = await loadEvaluation(context, started);
  const models = await frozenModels(context, loaded);
  const calls = shareCalls();
  const begunBefore = new Set<string>();
  const work = prepareWork(context, {
    ...loaded,
    models,
    calls: calls.limiter,
    mayBeStored: ({ runId }) => begunBefore.has(runId),
    shared: true,
  });
  const { options, variants } = started;
  const order = seededOrder(loaded.manifest, options.seed);
  const runOf = (sample: SampleRun): BatchRun => ({
    place: sample.task.place,
    drive: async (drive) => {
      const runId = work.runIdOf(sample.task);
      if (!drive.fresh) begunBefore.add(runId);
      try {
        return await evaluateOne(work, { ...sample, ...drive });
      } finally {
        begunBefore.delete(runId);
      }
    },
    giveUp: (ending) => giveUpSample(work, { ...sample, ...ending }),
  });
  return {
    shape: {
      title: `${variants.map(({ name, flow }) => `${name} ${flow}`).join(', ')} on ${started.set}`,
      places: order.length,
      runsPerPlace: variants.length * options.repeats,
      concurrency: options.concurrency,
    },
    calls,
    runs: async (places) => {
      const runs: BatchRun[] = [];
      for await (const sample of sampleRuns(context, { ...loaded, order, places, done: null })) runs.push(runOf(sample));
      return runs;
    },
  };
}

/** An evaluation as one of the kinds of batches. */
export const evaluationKind = (context: Context): BatchKind => ({
  open: (id) => evaluationWork(context, id),
  ended: async (id) => {
    const row = await evaluationRow(context, id);
    return row.status === 'judged' ? verdictOf(row.summary) : undefined;
  },
  close: async (id, { fence }) => {
    const loaded = await loadEvaluation(context, await startedOf(context, id));
    return (await judge(context, { loaded, fence, report: null })).verdict;
  },
});

/** The stored summary of a judged evaluation has its verdict. */
function verdictOf(summary: unknown): string | null {
  const verdict = typeof summary === 'object' && summary !== null && 'verdict' in summary ? summary.verdict : null;
  return typeof verdict === 'string' ? verdict : null;
}
