import type { WorkspaceId } from '../event-envelope.ts';
import type { Fence } from './event-store.ts';

/** Where in a source's log a record stood. `offset` counts as the source does (bytes for a file). */
export type RecordOrigin = {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};

export type InboxRecord = {
  readonly recordId: string;
  readonly origin: RecordOrigin;
  /** Business key, or null. */
  readonly key: string | null;
  /** Plain JSON text of the record as it came. */
  readonly body: string;
  readonly receivedAt: number;
};

export type DeadLetter = {
  readonly origin: RecordOrigin;
  readonly bytes: Uint8Array;
  readonly reason: string;
  readonly receivedAt: number;
};

export type SourceOffset = {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
};

export type InboxStore = {
  /** Records, dead letters and the offset in one transaction. A record with a known identity is left as it is. Returns how many were new. */
  accept(
    workspaceId: WorkspaceId,
    batch: {
      readonly records: readonly InboxRecord[];
      readonly deadLetters: readonly DeadLetter[];
      readonly offset: SourceOffset;
      readonly fence?: Fence;
    },
  ): Promise<{ readonly status: 'accepted'; readonly records: number; readonly deadLetters: number } | { readonly status: 'stale-fence' }>;
  /** Records not yet done, in order of arrival, after the given arrival number. */
  pending(
    workspaceId: WorkspaceId,
    sourceId: string,
    options: { readonly after: number; readonly limit: number },
  ): Promise<readonly (InboxRecord & { readonly arrival: number })[]>;
  counts(
    workspaceId: WorkspaceId,
    sourceId: string,
  ): Promise<{
    readonly pending: number;
    readonly decided: number;
    readonly failed: number;
    readonly superseded: number;
    readonly deadLetters: number;
  }>;
  offset(workspaceId: WorkspaceId, sourceId: string, topic: string, partition: number): Promise<SourceOffset | undefined>;
  deadLetters(
    workspaceId: WorkspaceId,
    options: { readonly sourceId?: string; readonly after?: number; readonly limit: number },
  ): Promise<readonly (DeadLetter & { readonly id: number })[]>;
};
