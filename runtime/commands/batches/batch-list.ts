import type { BatchListed, BatchStarted } from '../../../schemas/index.ts';
import type { RunCounts } from '../../../workflows/index.ts';
import type { Context } from '../../context.ts';
import { TEMPORAL_HOST } from '../../leases.ts';
import { readWish } from './batch-control.ts';
import { batchStream, readBatch } from './batch-file-work.ts';

/** Names all batches, in the order in which they were begun. */
export const BATCHES_STREAM = 'batches';

/** A batch as it stands: `interrupted` when it is not finished and nobody works on it any more. */
export type ListedBatch = {
  readonly id: string;
  readonly status: 'running' | 'paused' | 'interrupted' | 'cancelled' | 'finished';
  readonly flow: string;
  readonly flowVersion: string;
  readonly file: string;
  readonly runs: number;
  /** Rows that could not be read. */
  readonly rejected: number;
  /** How its runs ended; null until all are over. */
  readonly counts: RunCounts | null;
  /** Where it was begun. */
  readonly host: 'here' | 'temporal';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
};

const PAGE = 1000;

/** The last batches, newest first. */
export async function listBatches(context: Context, { limit }: { readonly limit: number }): Promise<readonly ListedBatch[]> {
  const ids: string[] = [];
  for (let known = 0; ;) {
    const page = await context.storage.events.readStream(context.workspaceId, BATCHES_STREAM, { afterVersion: known, limit: PAGE });
    for (const { data } of page) ids.push((data as BatchListed['data']).batchId);
    known += page.length;
    if (page.length < PAGE) break;
  }
  const listed: ListedBatch[] = [];
  for (const id of ids.slice(-limit).toReversed()) listed.push(await batchAsItStands(context, id));
  return listed;
}

async function batchAsItStands(context: Context, batchId: string): Promise<ListedBatch> {
  const { started, finished } = await readBatch(context, batchId);
  const { flow, flowVersion, fileName, runs, rejected, at, host = 'here' } = started;
  const { succeeded, failed, stopped, handedOver } = finished ?? {};
  return {
    id: batchId,
    status: finished === null ? await unfinishedStatus(context, started) : 'finished',
    ...{ flow, flowVersion, file: fileName, runs, rejected: rejected.length, host },
    counts: finished === null ? null : ({ succeeded, failed, stopped, handedOver } as RunCounts),
    startedAt: at,
    finishedAt: finished?.at ?? null,
  };
}

async function unfinishedStatus(context: Context, started: BatchStarted['data']): Promise<ListedBatch['status']> {
  const resource = batchStream(started.batchId);
  const wish = (await readWish(context, resource))?.wish;
  if (wish === 'cancel') return 'cancelled';
  if (wish === 'pause') return 'paused';
  const lease = await context.storage.leases.read(context.workspaceId, resource);
  if (lease !== undefined && lease.until > context.now() && !context.isDead(lease)) return 'running';
  // Temporal goes on with its own, also when no worker is there just now.
  return (await isOnTemporal(context, started)) ? 'running' : 'interrupted';
}

/** Whether a workflow on Temporal has it; what has its lease last decides. */
export async function isOnTemporal(
  { storage, workspaceId }: Pick<Context, 'storage' | 'workspaceId'>,
  { batchId, host }: BatchStarted['data'],
): Promise<boolean> {
  const held = await storage.leases.read(workspaceId, batchStream(batchId));
  return held === undefined ? host === 'temporal' : held.host === TEMPORAL_HOST;
}
