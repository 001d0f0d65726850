import type { ObjectValue } from '../values.ts';

/** A partition of what a source reads: of a topic, or the one partition of a file, a table or an inlet. */
export type PartitionName = { readonly topic: string; readonly partition: number };

/** Where reading goes on in a partition. */
export type ReadingPlace = {
  readonly incarnation: number;
  /** Counted as the source does (records of a topic, bytes of a file, rows of a table). */
  readonly offset: number;
  /** What a connector needs to find the place again where a number is not enough (the last value of a watermark column); its own JSON. */
  readonly position: string | null;
};

export type RecordHeader = { readonly name: string; readonly value: Uint8Array };

/** What stands around a record's content. */
export type RecordMeta = {
  readonly key: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Milliseconds since 1970 UTC, as the source says; null where it says nothing. */
  readonly timestamp: number | null;
};

/** What the bytes of a record say, or why they cannot be read for good. `stage` is where it failed. */
export type RecordContent =
  | { readonly ok: true; readonly fields: ObjectValue; /** The JSON text it came as, where it came as one. */ readonly text?: string }
  | { readonly ok: false; readonly stage: 'decode'; readonly reason: string };

/** A record as a connector has read it. */
export type SourceRecord = {
  readonly offset: number;
  /** As it came, for the dead letters; not kept for records that can be read. */
  readonly bytes: Uint8Array;
  readonly meta: RecordMeta | null;
  readonly content: RecordContent;
  /** The identity that whoever sent it gave it; null: it is made of the place. */
  readonly recordId: string | null;
};

/** Records of one partition, in order, and where reading goes on behind them (also behind what is no record, such as blank lines). */
export type SourceChunk = PartitionName & {
  readonly records: readonly SourceRecord[];
  readonly next: Pick<ReadingPlace, 'offset' | 'position'>;
};

export type TaskState = 'unassigned' | 'running' | 'paused' | 'failed' | 'stopped';

/** What a connector's task is doing; `trace` says what went wrong, in a sentence and more. */
export type TaskReport = { readonly task: string; readonly state: TaskState; readonly trace: string | null };

/**
 * What a connector works for. All of its promises may take long (a database that is away): a connector that has to tell a broker that it is
 * alive does so meanwhile.
 */
export type ConnectorHost = {
  /** Ends the reading; what was handed over and not answered is read again by the next one. */
  readonly signal: AbortSignal;
  /**
   * Where to begin in a partition that this connector now has. `low` and `end` are the first offset that is still there and the one behind
   * the last, where the source knows them: an end below the stored offset is a new incarnation. Null: it was never read.
   */
  begin(partition: PartitionName, bounds: { readonly low: number | null; readonly end: number | null }): Promise<ReadingPlace | null>;
  /**
   * Stores a chunk that begins at `from`, which is where `begin` or the last chunk said. Resolves when it is durable; `moved` when the
   * partition has been read on by somebody else (or set back by a person): nothing was stored, and reading goes on at `place`.
   */
  deliver(
    chunk: SourceChunk,
    from: ReadingPlace,
  ): Promise<
    { readonly status: 'stored'; readonly place: ReadingPlace } | { readonly status: 'moved'; readonly place: ReadingPlace | null }
  >;
  /** False while so much is waiting to be decided that nothing more should be read. Cheap: may be asked for each chunk. */
  hasRoom(): boolean;
  /** Resolves when there is room again. */
  untilRoom(signal: AbortSignal): Promise<void>;
  report(task: TaskReport): void;
  /**
   * Of a source without an end, again and again: all that this connector has was asked for, and there was nothing. Never while it waits for a place in
   * a group, for an answer, for a schema or for room.
   */
  idle(): void;
  /** Something a person should know: a sentence. */
  notice(sentence: string): void;
};

/** How far a partition reaches: what lies between the stored offset and `end` is its lag. Null: not to be known. */
export type PartitionEnd = PartitionName & { readonly low: number | null; readonly end: number | null };

/**
 * Reads one source. `run` resolves when a source that has an end was read to it (unless it is to follow), or when the signal aborts; it rejects when the
 * source cannot be read for good (wrong password, missing file). What may pass (a broker, a registry that is away) it waits for, and reports.
 */
export type SourceConnector = {
  run(host: ConnectorHost): Promise<void>;
  ends(signal: AbortSignal): Promise<readonly PartitionEnd[]>;
  close(): Promise<void>;
};
