import { stat } from 'node:fs/promises';
import type { SourceRow } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { allSources, FILE_PARTITION, readSource, sourceStream, topicOf } from './source-settings.ts';

/** A source and how far it is. Offsets, sizes and lag are bytes; null where the file is not there. */
export type SourceStatus = SourceRow & {
  readonly offset: number;
  readonly size: number | null;
  readonly lag: number | null;
  readonly pending: number;
  readonly decided: number;
  readonly failed: number;
  readonly superseded: number;
  readonly deadLetters: number;
  /** Who works on it now. */
  readonly heldBy: { readonly pid: number; readonly host: string } | null;
};

/** One source, or all by id. @throws RiskflowError `not_found`. */
export async function sourceStatus(context: Context, sourceId?: string): Promise<readonly SourceStatus[]> {
  if (sourceId !== undefined) await readSource(context, sourceId);
  const rows = (await allSources(context)).filter((row) => sourceId === undefined || row.sourceId === sourceId);
  return Promise.all(rows.map((row) => statusOf(context, row)));
}

async function statusOf(context: Context, row: SourceRow): Promise<SourceStatus> {
  const { workspaceId, storage } = context;
  const stored = await storage.inbox.offset(workspaceId, row.sourceId, topicOf(row), FILE_PARTITION);
  const size = await stat(row.location).then(
    (stats) => stats.size,
    () => null,
  );
  const offset = stored?.nextOffset ?? 0;
  // A file that ends before the offset was replaced: all of it is still to be read.
  const lag = size === null ? null : size < offset ? size : size - offset;
  const counts = await storage.inbox.counts(workspaceId, row.sourceId);
  const lease = await storage.leases.read(workspaceId, sourceStream(row.sourceId));
  const held = lease !== undefined && lease.owner !== '' && lease.until > context.now() && !context.isDead(lease);
  return { ...row, offset, size, lag, ...counts, heldBy: held ? { pid: lease.pid, host: lease.host } : null };
}
