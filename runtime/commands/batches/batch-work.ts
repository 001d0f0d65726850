import { createCallLimiter, type CallLimiter } from '../../../activities/index.ts';
import type { Fence, FinishedRunStatus } from '../../../schemas/index.ts';
import type { BatchShape, RunCounts, RunFlowArgs } from '../../../workflows/index.ts';

/** Under whose ownership a run of a batch is driven, and what may have happened to it before. */
export type BatchRunDrive = {
  /** Of a portion of the batch. */
  readonly fence: Fence;
  /** Of the batch. */
  readonly within: Fence;
  /** Nobody can have begun it before. */
  readonly fresh: boolean;
  readonly signal: AbortSignal;
  /** Aborted once the batch is to be cancelled, with the reason, a text. */
  readonly cancelled: AbortSignal;
};

/** One of the runs of a batch. */
export type BatchRun = {
  readonly place: number;
  /** Drives it to its end, or to a wait that another host takes over. One that is over is left as it is. @throws whatever keeps it from that */
  drive(options: BatchRunDrive): Promise<FinishedRunStatus | { readonly handOver: RunFlowArgs }>;
  /** Ends it as failed without driving it. */
  giveUp(options: Pick<BatchRunDrive, 'fence' | 'within'> & { readonly error: string }): Promise<FinishedRunStatus>;
};

/** A batch as a worker process sees it, whichever kind it is. */
export type BatchWork = {
  readonly shape: BatchShape;
  /** The runs of some places, in order. */
  runs(places: { readonly from: number; readonly to: number }): Promise<readonly BatchRun[]>;
  readonly calls: SharedCalls;
};

/** A kind of batch: how its work is made, and how it ends. */
export type BatchKind = {
  readonly open: (id: string) => Promise<BatchWork>;
  /** The verdict of a batch that is over, null for one without; undefined while it is not over. */
  readonly ended: (id: string) => Promise<string | null | undefined>;
  /** Ends it; done twice it does nothing. @returns the verdict */
  readonly close: (id: string, end: { readonly fence: Fence; readonly counts: RunCounts }) => Promise<string | null>;
};

/** The limit of calls of all portions of a batch that this process works on: one lends another what it does not need. */
export type SharedCalls = {
  readonly limiter: CallLimiter;
  /** Of all portions at once: what one of them gives back on a cancel must not go to another that has not heard of it. */
  readonly cancel: AbortController;
  /** A portion begins, which may have so many calls in flight. @returns what ends it */
  enter(calls: number): () => void;
};

export function shareCalls(): SharedCalls {
  const limiter = createCallLimiter(1);
  let sum = 0;
  const add = (calls: number): void => {
    sum += calls;
    limiter.resize(Math.max(1, sum));
  };
  return {
    limiter,
    cancel: new AbortController(),
    enter: (calls) => {
      add(calls);
      return () => add(-calls);
    },
  };
}
