import type { Pin, Usage } from './effects.ts';
import type { Json } from './encoded-value.ts';
import type { SourceEvent } from './source-events.ts';
import type { DecisionMade } from './decision-events.ts';

/** An imported flow became a version. Publishing the same content again writes nothing. Stream `flow/<flow>`. */
export type FlowVersionPublished = {
  readonly type: 'FlowVersionPublished';
  readonly data: {
    /** `app.name`, or what `flow import --flow` said. */
    readonly flow: string;
    /** SHA-256 of the canonical JSON of the imported definition. */
    readonly version: string;
    /** The same without positions, titles and notes. */
    readonly meaningHash: string;
    readonly mode: string;
    readonly dslVersion: string;
    /** Blob of the canonical JSON of the definition. */
    readonly definition: string;
    readonly warnings: readonly string[];
    /** Name of the file it came from, without folders. */
    readonly fileName: string | null;
  };
};

/** One entry of a set version's manifest. `fields` is the blob of the sample's fields as canonical encoded JSON. */
export type ManifestEntry = {
  readonly id: string;
  readonly fields: string;
  readonly label: string | null;
  readonly cluster: string | null;
  /** SHA-256 of the text by which equal samples are recognised. */
  readonly textHash: string;
};

/** A version of a sample set came to be: imported, or cut from a parent. Stream `samples/<set>`. */
export type SampleSetVersionCreated = {
  readonly type: 'SampleSetVersionCreated';
  readonly data: {
    readonly set: string;
    /** Hash of the ordered (id, fields, label). */
    readonly version: string;
    /** Null for an import; else the set version this is a part of. */
    readonly parent: string | null;
    /** Name of the split, null for a whole set. */
    readonly split: string | null;
    readonly seed: number | null;
    /** The field whose equality makes samples equal (default: `text`, else all fields). */
    readonly textField: string | null;
    readonly clusterField: string | null;
    readonly fieldNames: readonly string[];
    readonly labels: Readonly<Record<string, number>>;
    readonly rows: number;
    /** Rows whose text an earlier row has. */
    readonly duplicates: number;
    readonly rejected: number;
    readonly manifest: readonly ManifestEntry[];
  };
};

/** A classifier was trained on a split. Stream `model/<name>`. */
export type ModelTrained = {
  readonly type: 'ModelTrained';
  readonly data: {
    /** `SET@SPLIT` as flows name it. */
    readonly model: string;
    /** Blob of the artifact; its hash names the artifact. */
    readonly artifact: string;
    readonly set: string;
    readonly setVersion: string;
    readonly split: string;
    readonly rows: number;
    readonly metrics: Json;
  };
};

/** Documents came into a dataset, which made a new version of it. Stream `knowledge/<dataset>`. */
export type KnowledgeImported = {
  readonly type: 'KnowledgeImported';
  readonly data: {
    readonly dataset: string;
    /** Blob of the list of its documents; its hash names the version. The passages of each are a blob of their own. */
    readonly version: string;
    readonly documents: number;
    readonly passages: number;
    /** Names of the files that were imported, without folders. */
    readonly fileNames: readonly string[];
    readonly at: number;
  };
};

/** One of the things that are compared: a flow version and what was overridden. The first is the baseline A. */
export type Variant = {
  readonly name: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly fileName: string | null;
  readonly modelMap: Readonly<Record<string, string>>;
  readonly pins: Readonly<Record<string, Pin>>;
  /** Resolved artifacts by model name `SET@SPLIT`: frozen at the start. */
  readonly artifacts: Readonly<Record<string, string>>;
};

export type EvaluationOptions = {
  readonly concurrency: number;
  readonly repeats: number;
  readonly metric: string;
  readonly margin: number;
  readonly maxErrors: number;
  readonly seed: number;
  readonly predict: string | null;
  readonly positive: string | null;
  /** Start input by sample field; absent inputs take the field of their name. */
  readonly inputMap: Readonly<Record<string, string>>;
  readonly reuse: boolean;
};

/** Stream `evaluation/<id>`. */
export type EvaluationStarted = {
  readonly type: 'EvaluationStarted';
  readonly data: {
    readonly evaluationId: string;
    readonly set: string;
    readonly split: string | null;
    readonly setVersion: string;
    readonly n: number;
    readonly variants: readonly Variant[];
    readonly options: EvaluationOptions;
    /** What a reader of the report must know: racing flows, mapped models, duplicates. */
    readonly notes: readonly string[];
    /** Who does the work: a Temporal workflow; without it the process that began it. */
    readonly host?: 'temporal';
    readonly at: number;
  };
};

/** One sample × variant × repeat was evaluated. Never written for a stopped run. */
export type ResultRecorded = {
  readonly type: 'ResultRecorded';
  readonly data: {
    readonly evaluationId: string;
    readonly sampleId: string;
    readonly variant: string;
    readonly repeat: number;
    readonly runId: string;
    readonly label: string | null;
    readonly prediction: string | null;
    readonly correct: boolean;
    readonly error: string | null;
    readonly cluster: string | null;
    readonly usage: Usage;
    readonly reused: number;
    /** Milliseconds the run spent in effects. */
    readonly elapsedMs: number;
  };
};

/** All results are there and the verdict was computed from them. */
export type EvaluationJudged = {
  readonly type: 'EvaluationJudged';
  readonly data: { readonly evaluationId: string; readonly summary: Json; readonly at: number };
};

/**
 * What somebody wants of a batch (an evaluation, runs of a file) that is under way: to be left as it is, gone on with, or ended for
 * good. Its owner looks for the last of them. Stream `<kind>/<id>/control`.
 */
export type BatchControlled = {
  readonly type: 'BatchControlled';
  readonly data: { readonly wish: BatchWish; readonly reason: string; readonly at: number };
};
export type BatchWish = 'pause' | 'resume' | 'cancel';

/** One run for each row of a file was asked for. Stream `batch/<id>`. */
export type BatchStarted = {
  readonly type: 'BatchStarted';
  readonly data: {
    readonly batchId: string;
    readonly flow: string;
    readonly flowVersion: string;
    /** Runs, which are the rows that could be read. */
    readonly runs: number;
    /** Blobs with the rows, in order, `pageRows` in each but the last. */
    readonly pages: readonly string[];
    readonly pageRows: number;
    readonly fileName: string;
    readonly rejected: readonly { readonly line: number; readonly error: string }[];
    readonly pins: Readonly<Record<string, Pin>>;
    readonly modelMap: Readonly<Record<string, string>>;
    /** Calls in flight at most. */
    readonly concurrency: number;
    readonly host?: 'temporal';
    readonly at: number;
  };
};

/** A batch was begun, so that all of them can be listed. Stream `batches`, written with its `BatchStarted`. */
export type BatchListed = { readonly type: 'BatchListed'; readonly data: { readonly batchId: string } };

/** Every run of a batch is over, or was handed over to a workflow of its own. Stream `batch/<id>`. */
export type BatchFinished = {
  readonly type: 'BatchFinished';
  readonly data: {
    readonly batchId: string;
    readonly succeeded: number;
    readonly failed: number;
    readonly stopped: number;
    /** Runs that wait for long, each driven by a workflow of its own. */
    readonly handedOver: number;
    readonly at: number;
  };
};

export type LedgerEvent =
  | FlowVersionPublished
  | SampleSetVersionCreated
  | ModelTrained
  | KnowledgeImported
  | SourceEvent
  | DecisionMade
  | EvaluationStarted
  | ResultRecorded
  | EvaluationJudged
  | BatchControlled
  | BatchStarted
  | BatchListed
  | BatchFinished;
