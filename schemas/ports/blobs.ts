import type { WorkspaceId } from '../event-envelope.ts';

/** `referrer` is who needs it, e.g. `samples/sms` or `run/…`; a row of the same transaction. */
export type NewBlob = { readonly sha256: string; readonly bytes: Uint8Array; readonly referrer: string };

export type BlobStore = {
  read(workspaceId: WorkspaceId, sha256: string): Promise<Uint8Array | undefined>;
  readMany(workspaceId: WorkspaceId, sha256: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Referrers below a folder of names (`temporal/`), in their order, those after `after`, at most `limit`. */
  referrers(
    workspaceId: WorkspaceId,
    folder: `${string}/`,
    options: { readonly after?: string; readonly limit: number },
  ): Promise<readonly string[]>;
  /**
   * Notes that a referrer needs its blobs no more, and removes those that nobody else refers to and that were stored before `storedBefore`
   * (milliseconds since 1970). @returns how many were removed
   */
  forget(workspaceId: WorkspaceId, referrer: string, options: { readonly storedBefore: number }): Promise<number>;
};
