import type { LogName, NewEvent, Position, StoredEvent, WorkspaceId } from '../event-envelope.ts';
import type { RunMode, RunStatus } from '../run-events.ts';
import type { NewBlob } from './blobs.ts';

/** Proof of ownership carried by an append; refused when somebody took the resource over since. */
export type Fence = { readonly resource: string; readonly owner: string; readonly fence: number };

export type StreamAppend = {
  readonly log: LogName;
  readonly stream: string;
  readonly events: readonly NewEvent[];
  /**
   * - `{ any: true }`: at the end, whatever it is
   * - `{ version: n }`: only when the stream has exactly n events; else `conflict`
   * - `{ from: n }`: these are the events n, n+1, …; those already there are left alone (writing the same seq twice does nothing), unless
   *   they differ from what stands there in more than the keys of their data in `ignoring`: then `conflict`
   */
  readonly expected:
    { readonly any: true } | { readonly version: number } | { readonly from: number; readonly ignoring?: readonly string[] };
};

/** A name that can be taken once: `(scope, key)` within the workspace. */
export type Claim = { readonly scope: string; readonly key: string; readonly value: string };

export type RunStatusChange = {
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly mode: RunMode;
  readonly status: RunStatus;
  /** The lease that covers the run: its own (`run/<id>`), or that of its batch (`evaluation/<id>`, `source/<id>`). */
  readonly resource: string;
};

/** `since`: milliseconds since 1970 when its status was first written, which is when it began. */
export type UnfinishedRun = RunStatusChange & { readonly since: number };

/** How a record of the inbox ended; set in the transaction of the decision. */
export type InboxDone = { readonly sourceId: string; readonly recordId: string; readonly outcome: 'decided' | 'failed' | 'superseded' };

/** All of it is written, in one transaction, or none. */
export type WriteUnit = {
  readonly workspaceId: WorkspaceId;
  readonly actor: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly fence?: Fence;
  /** A second one, of what `fence` is a part of: a portion of a batch is written only while the batch has its owner, too. */
  readonly within?: Fence;
  readonly claims?: readonly Claim[];
  readonly appends: readonly StreamAppend[];
  readonly blobs?: readonly NewBlob[];
  readonly runStatus?: readonly RunStatusChange[];
  readonly inboxDone?: readonly InboxDone[];
};

export type WriteResult =
  | { readonly status: 'written'; readonly positions: readonly Position[] }
  /** A stream was not at the expected version, or has other events under the same numbers. */
  | { readonly status: 'conflict'; readonly stream: string; readonly version: number }
  /** The fence is not the current one, or the lease is gone. */
  | { readonly status: 'stale-fence'; readonly resource: string }
  /** The claim was taken before; `value` is what its first taker said. */
  | { readonly status: 'claimed'; readonly scope: string; readonly key: string; readonly value: string };

export type EventStore = {
  /** Resolves when the unit is durable. Units of one process may share a transaction; each succeeds or fails alone. */
  write(unit: WriteUnit): Promise<WriteResult>;
  /** Events of a stream after `afterVersion` (default 0), at most `limit` (default 1000). */
  readStream(
    workspaceId: WorkspaceId,
    stream: string,
    options?: { readonly afterVersion?: number; readonly limit?: number },
  ): Promise<readonly StoredEvent[]>;
  /** The last event of a stream. */
  lastOf(workspaceId: WorkspaceId, stream: string): Promise<StoredEvent | undefined>;
  /** Events of a log after number `after`, in order, at most `limit` (default 1000). */
  readLog(
    workspaceId: WorkspaceId,
    log: LogName,
    options?: { readonly after?: number; readonly limit?: number },
  ): Promise<readonly StoredEvent[]>;
  /** Events of some types in a log, after number `after` up to `upTo`, in order; others are not even fetched. */
  readTypes(
    workspaceId: WorkspaceId,
    log: LogName,
    range: { readonly types: readonly string[]; readonly after: number; readonly upTo: number },
  ): Promise<readonly StoredEvent[]>;
  /** The number of the last event of a log; 0 when empty. */
  head(workspaceId: WorkspaceId, log: LogName): Promise<number>;
  readClaim(workspaceId: WorkspaceId, scope: string, key: string): Promise<string | undefined>;
  runStatus(workspaceId: WorkspaceId, runId: string): Promise<RunStatusChange | undefined>;
  /** Runs with status running, oldest first, at most `limit` (default 1000): those whose covering lease is `resource`, those of a `mode`, or all. */
  unfinishedRuns(
    workspaceId: WorkspaceId,
    options?: { readonly resource?: string; readonly mode?: RunMode; readonly limit?: number },
  ): Promise<readonly UnfinishedRun[]>;
};
