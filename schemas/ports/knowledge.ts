import type { Json } from '../encoded-value.ts';

/** One condition on what is known of a document: an own field, or one of `document_name`, `document_id`, `source`. */
export type MetadataCondition = {
  readonly name: string;
  /** As Dify spells it: "contains", "is", "=", "before", … */
  readonly operator: string;
  readonly value: string | number | readonly string[] | null;
};
export type MetadataFilter = { readonly logic: 'and' | 'or'; readonly conditions: readonly MetadataCondition[] };

export type RetrieveRequest = {
  readonly workspaceId: string;
  /** Names or ids of datasets. */
  readonly datasets: readonly string[];
  readonly query: string;
  readonly topK: number;
  /** Passages below it are left out; null takes all. What a score is, the index says. */
  readonly scoreThreshold: number | null;
  readonly mode: 'keyword' | 'vector' | 'hybrid';
  /** Shares of the two scores in a hybrid search; null for the index's own. */
  readonly weights: { readonly keyword: number; readonly vector: number } | null;
  readonly filter: MetadataFilter | null;
  readonly signal: AbortSignal;
};

/** A passage that was found. */
export type Passage = {
  readonly dataset: { readonly id: string; readonly name: string };
  readonly document: { readonly id: string; readonly name: string; /** Encoded values by name. */ readonly metadata: Json };
  readonly segmentId: string;
  /** Place within its document, from 1. */
  readonly position: number;
  readonly content: string;
  readonly wordCount: number;
  /** SHA-256 of the content. */
  readonly hash: string;
  /** Higher is better. */
  readonly score: number;
};

export type RetrieveResult =
  /** Best first. `version` changes whenever equal questions may get other answers: part of reuse keys. */
  | { readonly ok: true; readonly passages: readonly Passage[]; readonly version: string }
  | { readonly ok: false; readonly message: string; readonly type: string; readonly retryable: boolean };

/** Finds passages in the documents of datasets. Expected failures are values; rejects only when aborted. */
export type KnowledgeIndex = {
  /** What it can do; a wish for anything else is done without, and the import of a flow says so. */
  readonly can: { readonly vector: boolean; readonly rerank: boolean };
  retrieve(request: RetrieveRequest): Promise<RetrieveResult>;
};
