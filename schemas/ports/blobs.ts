import type { WorkspaceId } from '../event-envelope.ts';

/** `referrer` is who needs it, e.g. `samples/sms` or `run/…`; a row of the same transaction. */
export type NewBlob = { readonly sha256: string; readonly bytes: Uint8Array; readonly referrer: string };

export type BlobStore = {
  read(workspaceId: WorkspaceId, sha256: string): Promise<Uint8Array | undefined>;
  readMany(workspaceId: WorkspaceId, sha256: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
};
