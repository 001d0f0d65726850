import type { Json } from './encoded-value.ts';

/** Which enclosing iterations and loops a node runs in, outermost first, with the index of each. Empty at the top. */
export type ContainerPath = readonly (readonly [nodeId: string, index: number])[];

/** One message of a chat prompt, after variables were filled in. `content` may hold secret placeholders (see `secrets`). */
export type ChatMessage = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

export type ModelRef = { readonly provider: string; readonly name: string; readonly mode: 'chat' | 'completion'; readonly params: Json };

/**
 * What a node needs from outside, by kind. Values are in encoded form (`encodeValue`), so that an effect can cross a process
 * boundary as JSON.
 */
export type EffectRequest =
  | {
      readonly kind: 'llm';
      readonly model: ModelRef;
      readonly messages: readonly ChatMessage[];
      /** JSON schema of the structured output, or null. */
      readonly schema: Json;
      /** The text the classifier provider classifies: the last user message. */
      readonly text: string;
    }
  | {
      readonly kind: 'question-classifier';
      readonly model: ModelRef;
      readonly query: string;
      readonly classes: readonly { readonly id: string; readonly name: string; readonly label: string | null }[];
      readonly instruction: string;
    }
  | {
      readonly kind: 'code';
      readonly language: 'javascript' | 'python3';
      readonly code: string;
      /** Encoded values by name of the parameter. */
      readonly inputs: Json;
    }
  /** A node whose result the user pinned; it is not executed. */
  | { readonly kind: 'pinned'; readonly pin: Pin }
  /** An inline node that reads a secret: evaluated by the executor, which knows the secret, with the same pure code. */
  | { readonly kind: 'evaluate'; readonly planVersion: number; readonly node: Json; readonly inputs: Json };

/** A pinned result: outputs (plain JSON), or an error; `delayMs` later; `chunks` are the pieces a stream would have had. */
export type Pin =
  | { readonly outputs: Json; readonly delayMs?: number; readonly chunks?: readonly string[] }
  | { readonly error: string; readonly errorType?: string; readonly delayMs?: number; readonly chunks?: readonly string[] };

/** Something a node needs from outside, as data. A host performs it and feeds the result back. */
export type Effect = {
  /** Unique for (run, node, container path, visit): the name under which the result is stored. */
  readonly effectId: string;
  readonly runId: string;
  readonly nodeId: string;
  readonly nodeType: string;
  readonly title: string;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** Wait this long before performing it (retry interval), milliseconds. */
  readonly delayMs: number;
  /** Secrets named in the request, to be filled in by the executor. */
  readonly secrets: readonly { readonly secret: string; readonly version: string }[];
  /** Equal for effects which must have equal results: key of reuse within an evaluation. Null: never reused, as in all other runs. */
  readonly contentKey: string | null;
  readonly request: EffectRequest;
};

/** What an effect used up. Tokens are null where the provider did not say. Cost in USD, null without a price. */
export type Usage = {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  /** Calls that really left the process. */
  readonly calls: number;
};

export const NO_USAGE: Usage = { inputTokens: null, outputTokens: null, cost: null, calls: 0 };

export type EffectFailure = {
  readonly message: string;
  /** A class of errors, as Dify shows in error_type: "HTTPResponseCodeError", "InvokeRateLimitError", … */
  readonly type: string;
  /** False when trying again cannot help (wrong key, unknown model). */
  readonly retryable: boolean;
};

/** Result of an effect, as stored under its effectId and handed to the interpreter. */
export type EffectResult =
  | {
      readonly status: 'succeeded';
      /** Encoded values by output name. */
      readonly outputs: Json;
      readonly usage: Usage;
      /** Milliseconds spent in the call itself, without waiting for a slot. */
      readonly elapsedMs: number;
      readonly reused: boolean;
    }
  | {
      readonly status: 'failed';
      readonly error: EffectFailure;
      readonly usage: Usage;
      readonly elapsedMs: number;
      readonly reused: boolean;
    };
