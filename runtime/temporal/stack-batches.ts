import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { BatchWish } from '../../schemas/index.ts';
import type {
  BatchActivities,
  BatchArgs,
  BatchResult,
  BatchView,
  OpenResult,
  PieceArgs,
  PieceResult,
  runBatch,
  RunCounts,
} from '../../workflows/index.ts';
import { saveHistory, withTemporal } from './stack-histories.ts';

/** What the activities of a batch say, instead of working on runs: for tests that look at its workflows. Each place has one run. */
export type Script = {
  readonly places: number;
  /** By default its lease is free. */
  readonly open?: (nth: number) => OpenResult | undefined;
  /** By default it is all done. */
  readonly perform?: (args: PieceArgs, nth: number) => PieceResult | Promise<PieceResult>;
};

export type ScriptedBatch = {
  readonly id: string;
  readonly workflowId: string;
  /** How many portions were begun. */
  performed(): number;
  /** What was noted of it in storage. */
  wish(): BatchWish | undefined;
  on<T>(use: (handle: WorkflowHandle<typeof runBatch>) => Promise<T>): Promise<T>;
  result(): Promise<BatchResult>;
  view(): Promise<BatchView>;
  /** Records the workflow itself and its shards. */
  save(name: string, shards?: number): Promise<void>;
};

export type ScriptedBatches = {
  readonly activities: BatchActivities;
  /** Starts the workflow of a batch. */
  readonly begin: (asked: Partial<BatchArgs> & { readonly script: Script }) => Promise<ScriptedBatch>;
};

/** Batches on a task queue whose workers have the `activities` of this. */
export function scriptedBatches(taskQueue: string): ScriptedBatches {
  const scripts = new Map<string, Script>();
  const opened = new Map<string, number>();
  const performed = new Map<string, number>();
  const wishes = new Map<string, BatchWish>();
  return {
    activities: {
      openBatch: ({ kind, id, owner }) => {
        const { places = 0, open } = scripts.get(id) ?? {};
        const fence = { resource: `${kind}/${id}`, owner, fence: 1 };
        const shape = { title: 'scripted', places, runsPerPlace: 1, concurrency: 4 };
        return Promise.resolve(open?.(nthOf(opened, id)) ?? { status: 'taken', fence, shape, wish: null });
      },
      performRuns: async (args) => (await scripts.get(args.id)?.perform?.(args, nthOf(performed, args.id))) ?? done(args),
      failRuns: ({ piece }) => Promise.resolve(counts(0, { failed: piece.to - piece.from })),
      readWish: ({ id }) => Promise.resolve(wishes.get(id) ?? null),
      noteWish: ({ id, wish }) => Promise.resolve(void wishes.set(id, wish)),
      closeBatch: ({ kind }) => Promise.resolve({ verdict: kind === 'evaluation' ? 'PASS' : null }),
    },
    begin: async ({ kind = 'batch', script, ...more }) => {
      const id = randomUUID();
      const workflowId = `default/${kind}/${id}`;
      scripts.set(id, script);
      const args: BatchArgs = { workspaceId: 'default', kind, id, ...more };
      const type = kind === 'evaluation' ? 'runEvaluation' : 'runBatch';
      await withTemporal(({ workflow }) => workflow.start(type, { workflowId, taskQueue, args: [args] }));
      const on: ScriptedBatch['on'] = (use) => withTemporal(({ workflow }) => use(workflow.getHandle<typeof runBatch>(workflowId)));
      return {
        id,
        workflowId,
        performed: () => performed.get(id) ?? 0,
        wish: () => wishes.get(id),
        on,
        result: () => on((handle) => handle.result()),
        view: () => on((handle) => handle.query<BatchView>('state')),
        save: async (name, shards = 1) => {
          await saveHistory(`batches/${name}`, workflowId);
          for (let shard = 0; shard < shards; shard++) await saveHistory(`batches/${name}-shard-${shard}`, `${workflowId}/shard-${shard}`);
        },
      };
    },
  };
}

function nthOf(times: Map<string, number>, id: string): number {
  const nth = (times.get(id) ?? 0) + 1;
  times.set(id, nth);
  return nth;
}

export const counts = (succeeded: number, more: Partial<RunCounts> = {}): RunCounts => ({
  succeeded,
  failed: 0,
  stopped: 0,
  handedOver: 0,
  ...more,
});

/** That all runs of a piece succeeded, or something else. */
export const done = ({ piece }: Pick<PieceArgs, 'piece'>, change: Partial<PieceResult> = {}): PieceResult => ({
  status: 'done',
  counts: counts(piece.to - piece.from),
  troubled: [],
  handedOver: [],
  ...change,
});
