import type { WorkspaceId } from '../event-envelope.ts';
import type { RecordHeader } from './connectors.ts';
import type { Fence } from './event-store.ts';

/** Where in a source's log a record stood. `offset` counts as the source does (bytes for a file). */
export type RecordOrigin = {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};

/** What a record is about, as its source's settings read it. Each is null where there is none. */
export type RecordFacets = {
  /** Business key: records with equal ones are the same report. */
  readonly key: string | null;
  /** Who or what the report is about. */
  readonly subject: string | null;
  readonly category: string | null;
  readonly reporter: string | null;
  /** When it happened: milliseconds since 1970 UTC. */
  readonly eventTime: number | null;
};

export type InboxRecord = RecordFacets & {
  readonly recordId: string;
  readonly origin: RecordOrigin;
  /** JSON text of the record's fields: as it came, or made from what was decoded. */
  readonly body: string;
  /** JSON text of what stood around it (key, headers, timestamp), where the settings read any of it. */
  readonly meta: string | null;
  /** Records of one lane (see `laneOf`) are decided in their order, by one process at a time. */
  readonly lane: number;
  readonly receivedAt: number;
};
/** `arrival` counts the records of a source without holes, in the order in which they became visible. */
export type ArrivedRecord = InboxRecord & { readonly arrival: number };

export type DeadLetterStage = 'decode' | 'map';

export type DeadLetter = {
  readonly origin: RecordOrigin;
  /** As it came. */
  readonly bytes: Uint8Array;
  readonly key: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Milliseconds since 1970 UTC, as the source says. */
  readonly timestamp: number | null;
  readonly stage: DeadLetterStage;
  readonly reason: string;
  readonly receivedAt: number;
  /** The identity that whoever sent it gave it; null: it is made of the place. */
  readonly recordId: string | null;
};
/** `replayedAs`: the record it became. */
export type StoredDeadLetter = DeadLetter & { readonly id: number; readonly replayedAs: string | null };

export type SourceOffset = {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
  /** What the connector needs besides, its own JSON. */
  readonly position: string | null;
  /** Records that the filter or the sampling rate has left out, in all incarnations. */
  readonly skipped: number;
};

export type InboxBatch = {
  readonly records: readonly InboxRecord[];
  readonly deadLetters: readonly DeadLetter[];
  /** What the offset is afterwards; its `skipped` is added to what is stored. */
  readonly offset: SourceOffset;
  /**
   * What the stored offset must be now (null: none), so that of two readers of one partition only the one that goes on from there is taken.
   * Left out: whatever it is, and the records are looked for by their places and ids.
   */
  readonly expected?: Pick<SourceOffset, 'incarnation' | 'nextOffset'> | null;
  readonly fence?: Fence;
};

export type InboxCounts = {
  readonly pending: number;
  readonly decided: number;
  readonly failed: number;
  readonly superseded: number;
  /** Of the decided, failed and superseded ones: those that are kept no longer. */
  readonly trimmed: number;
  /** Those that were not replayed. */
  readonly deadLetters: number;
  readonly skipped: number;
};

/** What was deleted of an inbox since its time was over. `upTo`: the last arrival, 0 for none; `lastTime`: the last event time. */
export type InboxTrimmed = { readonly records: number; readonly upTo: number; readonly lastTime: number | null };

export type InboxStore = {
  /** Records, dead letters and the offset in one transaction. A record with a known identity is left as it is. Counts what was new. */
  accept(
    workspaceId: WorkspaceId,
    batch: InboxBatch,
  ): Promise<
    | { readonly status: 'accepted'; readonly records: number; readonly deadLetters: number }
    | { readonly status: 'stale-fence' }
    | { readonly status: 'moved'; readonly offset: SourceOffset | undefined }
  >;
  /**
   * Stores records that come without a place: the inbox gives each that is new the next offset of the partition. Tells for each, in the order
   * given, whether its id was new.
   */
  push(
    workspaceId: WorkspaceId,
    batch: {
      readonly records: readonly InboxRecord[];
      readonly deadLetters: readonly DeadLetter[];
      readonly partition: Pick<SourceOffset, 'sourceId' | 'incarnation' | 'topic' | 'partition'>;
      readonly skipped: number;
    },
  ): Promise<readonly { readonly recordId: string; readonly isNew: boolean }[]>;
  /** Records not yet done, in order of arrival, after the given arrival number: of some lanes, or of all. */
  pending(
    workspaceId: WorkspaceId,
    sourceId: string,
    options: { readonly after: number; readonly limit: number; readonly lanes?: readonly number[] },
  ): Promise<readonly ArrivedRecord[]>;
  /** How many are not yet done, counted up to `most`. */
  pendingCount(workspaceId: WorkspaceId, sourceId: string, most: number): Promise<number>;
  /** Records whatever became of them, in order of arrival: those after `after`, and with an event time in the range (`to` is not in it). */
  range(
    workspaceId: WorkspaceId,
    sourceId: string,
    options: { readonly after: number; readonly limit: number; readonly upTo?: number; readonly from?: number; readonly to?: number },
  ): Promise<readonly ArrivedRecord[]>;
  record(workspaceId: WorkspaceId, sourceId: string, recordId: string): Promise<ArrivedRecord | undefined>;
  /** The last arrival number; 0 before the first. */
  lastArrival(workspaceId: WorkspaceId, sourceId: string): Promise<number>;
  counts(workspaceId: WorkspaceId, sourceId: string): Promise<InboxCounts>;
  offset(workspaceId: WorkspaceId, sourceId: string, topic: string, partition: number): Promise<SourceOffset | undefined>;
  /** By topic and partition. */
  offsets(workspaceId: WorkspaceId, sourceId: string): Promise<readonly SourceOffset[]>;
  /** Sets an offset whatever it was, as a person wants it (`skipped` is left as it is). */
  moveOffset(workspaceId: WorkspaceId, offset: Omit<SourceOffset, 'skipped'>): Promise<void>;
  /** In order of arrival; without `replayed` only those that were not. */
  deadLetters(
    workspaceId: WorkspaceId,
    options: { readonly sourceId?: string; readonly after?: number; readonly limit: number; readonly replayed?: boolean },
  ): Promise<readonly StoredDeadLetter[]>;
  deadLetter(workspaceId: WorkspaceId, id: number): Promise<StoredDeadLetter | undefined>;
  /**
   * Deletes records that are done, at most so many that it takes a few milliseconds: of those received before `receivedBefore` the first ones, up to
   * arrival `upTo`. @returns how many; 0 when there are no more
   */
  trim(workspaceId: WorkspaceId, sourceId: string, options: { readonly receivedBefore: number; readonly upTo: number }): Promise<number>;
  trimmed(workspaceId: WorkspaceId, sourceId: string): Promise<InboxTrimmed>;
  /** Puts the record that a dead letter has become into the inbox, once. False when it was replayed before. */
  replay(workspaceId: WorkspaceId, letter: { readonly id: number; readonly record: InboxRecord }): Promise<boolean>;
};
