import type { EffectFailure } from '../effects.ts';
import type { PerformOptions } from './effect-executor.ts';

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
  | {
      readonly kind: 'chat';
      readonly model: ChatModel;
      readonly name: string;
      readonly version: string;
      /** Whether it is known what its tokens cost. */
      readonly hasPrice: boolean;
    }
  | { readonly kind: 'classifier'; readonly classifier: NodeClassifier; readonly name: string; readonly version: string }
  | { readonly kind: 'none'; readonly message: string; readonly hint: string; readonly code: 'unknown_model' | 'missing_key' | 'usage' };

export type ModelRouter = { resolve(ref: { readonly provider: string; readonly name: string }): Promise<ResolvedModel> };
