import type { BatchWish, Fence } from '../schemas/core.ts';
import type { RunFlowArgs } from './run-activities.ts';

/** Runs that belong together: those of an evaluation, or those of the rows of a file. */
export type BatchName = { readonly workspaceId: string; readonly kind: 'evaluation' | 'batch'; readonly id: string };

/** The lease, the stream and the tail of the workflow id of a batch. */
export const batchResource = ({ kind, id }: Pick<BatchName, 'kind' | 'id'>): string => `${kind}/${id}`;

/**
 * What is left of one chunk, or a part of it. Counted in places: a place is a row of a file, or a sample with all of its runs.
 * `home`: where the chunk began that it was cut from. All parts of a chunk share its lease, so that one of them at a time is
 * worked on, whoever holds on to an earlier one.
 */
export type Piece = { readonly home: number; readonly from: number; readonly to: number };

/** Runs by how they ended. `failed` counts errors too; `handedOver` are those that a workflow of their own goes on with. */
export type RunCounts = {
  readonly succeeded: number;
  readonly failed: number;
  readonly stopped: number;
  readonly handedOver: number;
};
export const NO_RUNS: RunCounts = { succeeded: 0, failed: 0, stopped: 0, handedOver: 0 };
export const addCounts = (a: RunCounts, b: RunCounts): RunCounts => ({
  succeeded: a.succeeded + b.succeeded,
  failed: a.failed + b.failed,
  stopped: a.stopped + b.stopped,
  handedOver: a.handedOver + b.handedOver,
});
export const countOf = ({ succeeded, failed, stopped, handedOver }: RunCounts): number => succeeded + failed + stopped + handedOver;

/** What a batch is, as its workflow has to know it. */
export type BatchShape = {
  /** Of the flow, or of the sample set: for people. */
  readonly title: string;
  readonly places: number;
  readonly runsPerPlace: number;
  /** Calls in flight at most, over all of the batch. */
  readonly concurrency: number;
};

export type OpenResult =
  | { readonly status: 'taken'; readonly fence: Fence; readonly shape: BatchShape; readonly wish: BatchWish | null }
  | { readonly status: 'held'; readonly by: string; readonly waitMs: number }
  /** There is nothing left to do: it has its verdict, or its end. */
  | { readonly status: 'over'; readonly verdict: string | null };

/** A run that could not be driven, though storage answers. */
export type TroubledRun = { readonly place: number; readonly error: string };

export type PieceResult = {
  /** `left`: somebody wishes a pause, and not all of it is done; it is to be counted again. `cancelled`: what was under way was stopped. */
  readonly status: 'done' | 'left' | 'cancelled';
  /** Of all runs of the piece that are over, whoever drove them. */
  readonly counts: RunCounts;
  /** Empty unless done. Other runs of the same place are not counted either. */
  readonly troubled: readonly TroubledRun[];
  readonly handedOver: readonly RunFlowArgs[];
};

/** Types of failures of activities. */
export const LEASE_LOST = 'LeaseLost';
export const STORAGE_AWAY = 'StorageAway';

export type PieceArgs = BatchName & {
  /** Of the batch. */
  readonly fence: Fence;
  readonly piece: Piece;
};

/**
 * What the workflows of batches need done outside; each leaves things as one performance would. Losing the lease of the batch fails
 * with the type `LEASE_LOST`; being stopped while storage is away with `STORAGE_AWAY`.
 */
export type BatchActivities = {
  /** Takes the batch's lease for `owner`, or finds that it is that owner's already. */
  openBatch(args: BatchName & { readonly owner: string }): Promise<OpenResult>;
  /** Works on all runs of a piece at once, `calls` of them in flight; runs that are over are only counted. */
  performRuns(args: PieceArgs & { readonly calls: number }): Promise<PieceResult>;
  /** Ends the runs of a piece, which nobody can drive, as failed. */
  failRuns(args: PieceArgs & { readonly error: string }): Promise<RunCounts>;
  /** The last wish that was noted, or null. */
  readWish(args: BatchName): Promise<BatchWish | null>;
  /** Notes a wish that came to the workflow first, unless it was noted already. */
  noteWish(args: BatchName & { readonly wish: BatchWish; readonly reason: string }): Promise<void>;
  /** Judges an evaluation, or notes the end of other batches. */
  closeBatch(args: BatchName & { readonly fence: Fence; readonly counts: RunCounts }): Promise<{ readonly verdict: string | null }>;
};
