import type { Effect, EffectFailure, EffectResult } from './effects.ts';
import type { LogName, NewEvent, Position, StoredEvent, WorkspaceId } from './event-envelope.ts';
import type { RunMode, RunStatus } from './run-events.ts';
import type { OccurrenceRow, ScheduleRow } from './schedules.ts';

/**
 * Every port: what the program needs from an adapter, as types. Each has one contract suite which all adapters pass.
 * Expected failures are values; a thrown error means that the storage itself failed.
 */

// ── event store ────────────────────────────────────────────────────────────────────────────────────────────────────

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
  /** Events of a log after number `after`, in order, at most `limit` (default 1000). */
  readLog(
    workspaceId: WorkspaceId,
    log: LogName,
    options?: { readonly after?: number; readonly limit?: number },
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

// ── leases ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Who holds or wants a lease. `host`, `boot` and `pid` let a dead process on the same machine be recognised at once. */
export type LeaseOwner = { readonly owner: string; readonly host: string; readonly boot: string; readonly pid: number };

export type LeaseResult =
  | { readonly status: 'taken'; readonly fence: Fence }
  /** `until`: milliseconds since 1970 when it expires unless renewed. */
  | { readonly status: 'held'; readonly by: LeaseOwner; readonly until: number };

export type LeaseStore = {
  /** Takes a free or expired lease, or one whose owner `isDead` (asked for owners on this host only). The fence rises by one. */
  take(
    workspaceId: WorkspaceId,
    resource: string,
    owner: LeaseOwner,
    options: { readonly now: number; readonly ttlMs: number; readonly isDead: (owner: LeaseOwner) => boolean },
  ): Promise<LeaseResult>;
  /** False when it is no longer ours. */
  renew(workspaceId: WorkspaceId, fence: Fence, options: { readonly now: number; readonly ttlMs: number }): Promise<boolean>;
  /** Gives it up; keeps the row, so that fences go on rising. */
  release(workspaceId: WorkspaceId, fence: Fence): Promise<void>;
  read(workspaceId: WorkspaceId, resource: string): Promise<(LeaseOwner & { readonly until: number; readonly fence: number }) | undefined>;
};

// ── effect results ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Written by an effect's executor before the fact that names it. */
export type EffectStore = {
  find(workspaceId: WorkspaceId, runId: string, effectId: string): Promise<EffectResult | undefined>;
  /** A result of the same content within a scope of reuse (an evaluation). */
  findReusable(workspaceId: WorkspaceId, scope: string, contentKey: string): Promise<EffectResult | undefined>;
  /** Stores it; when one is there already, that one stays and is returned. */
  put(
    workspaceId: WorkspaceId,
    entry: {
      readonly runId: string;
      readonly effectId: string;
      readonly result: EffectResult;
      readonly reuse?: { readonly scope: string; readonly contentKey: string };
    },
  ): Promise<EffectResult>;
};

// ── blobs ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `referrer` is who needs it, e.g. `samples/sms` or `run/…`; a row of the same transaction. */
export type NewBlob = { readonly sha256: string; readonly bytes: Uint8Array; readonly referrer: string };

export type BlobStore = {
  read(workspaceId: WorkspaceId, sha256: string): Promise<Uint8Array | undefined>;
  readMany(workspaceId: WorkspaceId, sha256: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
};

// ── intake ─────────────────────────────────────────────────────────────────────────────────────────────────────────

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

/** Set in the transaction of the decision. */
export type InboxDone = { readonly sourceId: string; readonly recordId: string; readonly outcome: 'decided' | 'failed' | 'superseded' };

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

// ── projections ────────────────────────────────────────────────────────────────────────────────────────────────────

export type ProjectionStatus = {
  readonly name: string;
  readonly log: LogName;
  readonly checkpoint: number;
  readonly head: number;
  readonly rows: number;
  /** SHA-256 over all rows in order of their primary key. */
  readonly hash: string;
};

export type Projections = {
  /** Applies what is new. With `until`, at least up to there. */
  catchUp(workspaceId: WorkspaceId, until?: readonly Position[]): Promise<void>;
  /** Empties one or all and applies every event again, in one transaction per projection. */
  rebuild(
    workspaceId: WorkspaceId,
    options?: { readonly name?: string; readonly onProgress?: (done: number, total: number) => void },
  ): Promise<readonly ProjectionStatus[]>;
  status(workspaceId: WorkspaceId): Promise<readonly ProjectionStatus[]>;
};

/** Read models, each from a projection. `after` waits until the projection has seen that position. */
export type ReadModels = {
  flows(workspaceId: WorkspaceId): Promise<readonly FlowRow[]>;
  flowVersions(workspaceId: WorkspaceId, flow: string): Promise<readonly FlowVersionRow[]>;
  flowVersion(workspaceId: WorkspaceId, version: string): Promise<FlowVersionRow | undefined>;
  sampleSetVersions(workspaceId: WorkspaceId, options?: { readonly set?: string }): Promise<readonly SampleSetVersionRow[]>;
  models(workspaceId: WorkspaceId, options?: { readonly model?: string }): Promise<readonly ModelRow[]>;
  sources(workspaceId: WorkspaceId): Promise<readonly SourceRow[]>;
  decisions(
    workspaceId: WorkspaceId,
    options: { readonly sourceId?: string; readonly after?: number; readonly limit: number },
  ): Promise<readonly DecisionRow[]>;
  evaluations(workspaceId: WorkspaceId): Promise<readonly EvaluationRow[]>;
  evaluation(workspaceId: WorkspaceId, evaluationId: string): Promise<EvaluationRow | undefined>;
  /** In order of (sample, variant, repeat), after the given key. */
  results(
    workspaceId: WorkspaceId,
    evaluationId: string,
    options: { readonly after?: { readonly sampleId: string; readonly variant: string; readonly repeat: number }; readonly limit: number },
  ): Promise<readonly ResultRow[]>;
  runs(workspaceId: WorkspaceId, options: { readonly limit: number }): Promise<readonly RunRow[]>;
  /** By name, those that were deleted too. */
  schedules(workspaceId: WorkspaceId): Promise<readonly ScheduleRow[]>;
  /** Newest first, at most `limit`: of one schedule or all; with `open` only those that are asked for, buffered or running. */
  scheduleOccurrences(
    workspaceId: WorkspaceId,
    options: { readonly schedule?: string; readonly open?: boolean; readonly limit: number },
  ): Promise<readonly OccurrenceRow[]>;
};

export type FlowRow = { readonly flow: string; readonly latestVersion: string; readonly versions: number; readonly mode: string };
export type FlowVersionRow = {
  readonly flow: string;
  readonly version: string;
  readonly meaningHash: string;
  readonly mode: string;
  readonly dslVersion: string;
  readonly definition: string;
  readonly warnings: readonly string[];
  readonly fileName: string | null;
  /** Position in the ledger: later versions have higher ones. */
  readonly n: number;
};
export type SampleSetVersionRow = {
  readonly set: string;
  readonly version: string;
  readonly parent: string | null;
  readonly split: string | null;
  readonly seed: number | null;
  readonly textField: string | null;
  readonly clusterField: string | null;
  readonly fieldNames: readonly string[];
  readonly labels: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Stream version of the event that holds the manifest (stream `samples/<set>`). */
  readonly streamVersion: number;
  readonly n: number;
};
export type ModelRow = {
  readonly model: string;
  readonly artifact: string;
  readonly set: string;
  readonly setVersion: string;
  readonly split: string;
  readonly rows: number;
  readonly metrics: unknown;
  readonly n: number;
};
export type SourceRow = {
  readonly sourceId: string;
  readonly kind: string;
  readonly location: string;
  readonly flow: string;
  readonly flowVersion: string | null;
  readonly keyField: string | null;
  readonly queryField: string | null;
  readonly inputMap: Readonly<Record<string, string>>;
  readonly onDuplicateKey: 'process' | 'keep' | 'replace';
  readonly incarnation: number;
};
export type DecisionRow = {
  readonly n: number;
  readonly decisionId: string;
  readonly sourceId: string;
  readonly recordId: string;
  readonly recordKey: string | null;
  readonly mode: string;
  readonly replay: number;
  readonly flow: string;
  readonly flowVersion: string;
  readonly runId: string;
  readonly status: string;
  readonly label: string | null;
  readonly outputs: string;
  readonly error: string | null;
};
export type EvaluationRow = {
  readonly evaluationId: string;
  readonly set: string;
  readonly split: string | null;
  readonly setVersion: string;
  readonly n: number;
  readonly variants: unknown;
  readonly options: unknown;
  readonly notes: readonly string[];
  /** `running` until judged. */
  readonly status: 'running' | 'judged';
  readonly summary: unknown;
  readonly results: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly position: number;
};
export type ResultRow = {
  readonly sampleId: string;
  readonly variant: string;
  readonly repeat: number;
  readonly runId: string;
  readonly label: string | null;
  readonly prediction: string | null;
  readonly correct: boolean;
  readonly error: string | null;
  readonly cluster: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  readonly calls: number;
  readonly reused: number;
  readonly elapsedMs: number;
};
export type RunRow = {
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly mode: string;
  readonly status: string;
  readonly totalSteps: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly error: string | null;
};

/** What `storage/` opens: one per process and data folder or database. */
export type Storage = {
  readonly events: EventStore;
  readonly leases: LeaseStore;
  readonly effects: EffectStore;
  readonly blobs: BlobStore;
  readonly inbox: InboxStore;
  readonly projections: Projections;
  readonly read: ReadModels;
  /** Settings that decide durability, for benches: `{ "journal_mode": "wal", … }`. */
  readonly settings: () => Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
};

// ── effects ────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A place among the calls in flight. Who calls takes it just before and gives it back while waiting to try again; else it is held until
 * the answer is stored, so that a crash makes no more calls be paid twice than the limit allows to be in flight.
 */
export type CallSlot = {
  /** Waits for its turn; nothing to wait for when held already. Rejects with the signal's reason when aborted meanwhile. */
  take(signal: AbortSignal): Promise<void>;
  /** Does nothing when not held. */
  giveBack(): void;
};

/** `slot`: for calls to outside; without one they are not limited. */
export type PerformOptions = { readonly signal: AbortSignal; readonly slot?: CallSlot };

/** Performs one effect, to the end: a failure is a result. Rejects only when aborted. */
export type EffectExecutor = (effect: Effect, options: PerformOptions) => Promise<EffectResult>;

/** Fills in secrets at the last moment. */
export type SecretStore = {
  /** The current version of a secret; undefined when there is none of that name. */
  version(workspaceId: WorkspaceId, name: string): string | undefined;
  reveal(workspaceId: WorkspaceId, ref: { readonly secret: string; readonly version: string }): string | undefined;
  /** Values that must not appear in outputs, logs or events. */
  values(workspaceId: WorkspaceId): readonly string[];
};

// ── models ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type ChatRequest = {
  readonly model: string;
  readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  /** temperature, max_tokens, …, as in Dify's completion_params. */
  readonly params: Readonly<Record<string, unknown>>;
  /** JSON schema of the answer, or null. */
  readonly schema: unknown;
};
export type ChatReply = {
  readonly text: string;
  readonly finishReason: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  /** HTTP calls made, retries included. */
  readonly calls: number;
  readonly elapsedMs: number;
};
export type ModelFailure = {
  readonly message: string;
  readonly type: string;
  readonly retryable: boolean;
  readonly calls: number;
  readonly elapsedMs: number;
};

export type ChatModel = {
  /** Expected failures are values; rejects only when aborted. */
  complete(
    request: ChatRequest,
    options: PerformOptions,
  ): Promise<{ readonly ok: true; readonly reply: ChatReply } | { readonly ok: false; readonly failure: ModelFailure }>;
};

/** A trained text classifier. Probabilities by label sum to 1. */
export type TextClassifier = {
  readonly labels: readonly string[];
  classify(text: string): { readonly label: string; readonly probabilities: Readonly<Record<string, number>> };
};

/** An answer, or why there can be none. */
export type ClassifierAnswer<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly failure: EffectFailure };

/** A trained classifier as nodes use it. */
export type NodeClassifier = {
  /** For a question-classifier node: the class whose name equals the label. */
  chooseClass(
    text: string,
    classes: readonly { readonly id: string; readonly name: string }[],
  ): ClassifierAnswer<{ readonly classId: string; readonly className: string; readonly probability: number }>;
  /** For an llm node whose structured output is an enum of labels: the JSON text. `schema` is plain JSON. */
  chooseEnum(text: string, schema: unknown): ClassifierAnswer<string>;
};

/** What serves a model that a node names. `version` changes when equal questions may get other answers: part of reuse keys. */
export type ResolvedModel =
  | { readonly kind: 'chat'; readonly model: ChatModel; readonly name: string; readonly version: string }
  | { readonly kind: 'classifier'; readonly classifier: NodeClassifier; readonly name: string; readonly version: string }
  | { readonly kind: 'none'; readonly message: string; readonly hint: string; readonly code: 'unknown_model' | 'missing_key' | 'usage' };

export type ModelRouter = { resolve(ref: { readonly provider: string; readonly name: string }): Promise<ResolvedModel> };

// ── code ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export type CodeResult =
  | { readonly ok: true; /** JSON text of what main() returned. */ readonly json: string; readonly elapsedMs: number }
  | {
      readonly ok: false;
      readonly message: string;
      readonly type: 'CodeExecutionError' | 'CodeTimeoutError' | 'CodeMemoryError' | 'CodeOutputError';
      readonly elapsedMs: number;
    };

/** Runs user code with least power. Hostile code must not reach the process, its environment, files or network. */
export type CodeRunner = {
  run(request: {
    readonly language: 'javascript' | 'python3';
    readonly code: string;
    /** JSON text of the arguments by name. */ readonly inputsJson: string;
    readonly signal: AbortSignal;
  }): Promise<CodeResult>;
  close(): Promise<void>;
};
