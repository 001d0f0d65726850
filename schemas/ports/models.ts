import type { ChatMessage, ChatTool, EffectFailure, ToolCall } from '../effects.ts';
import type { PerformOptions } from './effect-executor.ts';

export type ChatRequest = {
  readonly model: string;
  /** `completion`: the one message is the prompt of a model that completes texts. @default chat */
  readonly mode?: 'chat' | 'completion';
  /** Parts of the type `image_file` have been made `image_url` before. */
  readonly messages: readonly ChatMessage[];
  /** temperature, max_tokens, …, as in Dify's completion_params. */
  readonly params: Readonly<Record<string, unknown>>;
  /** JSON schema of the answer, or null. */
  readonly schema: unknown;
  /** Tools that the model may ask to have called. */
  readonly tools?: readonly ChatTool[];
  /** @default auto, where there are tools. `{ name }`: this one must be called. */
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
};
/** USD for a million tokens. */
export type TokenPrices = { readonly inputPerMillion: number; readonly outputPerMillion: number };
export type ChatReply = {
  readonly text: string;
  /** What the model thought, where the endpoint keeps it apart from the text. */
  readonly reasoning?: string;
  /** Tools it wants called, in its order. */
  readonly toolCalls?: readonly ToolCall[];
  readonly finishReason: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  /** What `cost` was computed with. */
  readonly prices?: TokenPrices;
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

/** What not every model can do: call tools, look at pictures, answer by a JSON schema. */
export const MODEL_ABILITIES = ['tools', 'vision', 'json-schema'] as const;
export type ModelAbility = (typeof MODEL_ABILITIES)[number];

/** What serves a model that a node names. `version` changes when equal questions may get other answers: part of reuse keys. */
export type ResolvedModel =
  | {
      readonly kind: 'chat';
      readonly model: ChatModel;
      readonly name: string;
      readonly version: string;
      /** Whether it is known what its tokens cost. */
      readonly hasPrice: boolean;
      /** What the model cannot do. Default: it can do all. */
      readonly without?: readonly ModelAbility[];
    }
  | { readonly kind: 'classifier'; readonly classifier: NodeClassifier; readonly name: string; readonly version: string }
  | { readonly kind: 'none'; readonly message: string; readonly hint: string; readonly code: 'unknown_model' | 'missing_key' | 'usage' };

export type ModelRouter = { resolve(ref: { readonly provider: string; readonly name: string }): Promise<ResolvedModel> };
