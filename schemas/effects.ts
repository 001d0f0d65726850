import type { Json } from './encoded-value.ts';
import type { FileDescriptor } from './ports/documents.ts';
import type { MetadataFilter } from './ports/knowledge.ts';

/** Which enclosing iterations and loops a node runs in, outermost first, with the index of each. Empty at the top. */
export type ContainerPath = readonly (readonly [nodeId: string, index: number])[];

/** How closely a model looks at a picture. */
export type ImageDetail = 'low' | 'high' | 'auto';

/** A part of a message that is more than text. Texts may hold secret placeholders. */
export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  /** `url`: http(s), or a data URL. */
  | { readonly type: 'image_url'; readonly url: string; readonly detail: ImageDetail }
  /** A picture whose content the executor of the effect has to fetch: it makes an `image_url` of it. */
  | { readonly type: 'image_file'; readonly file: FileDescriptor; readonly detail: ImageDetail };

/** A tool that a model wants called; `arguments` is the JSON text that the model wrote, whatever it is. */
export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string };
/** A tool as a model is told of it; `parameters` is a JSON schema. */
export type ChatTool = { readonly name: string; readonly description: string; readonly parameters: Json };

/** One message of a chat prompt, after variables were filled in. Plain text is a string; it may hold secret placeholders (see `secrets`). */
export type ChatMessage =
  | {
      readonly role: 'system' | 'user' | 'assistant';
      readonly content: string | readonly ChatPart[];
      /** What an assistant's message asked to have called. */
      readonly toolCalls?: readonly ToolCall[];
    }
  /** What a call of a tool gave. */
  | { readonly role: 'tool'; readonly content: string; readonly toolCallId: string };

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
      /** Tools that the model may ask to have called: what it asks for is the output `tool_calls`. */
      readonly tools?: readonly ChatTool[];
    }
  | {
      readonly kind: 'question-classifier';
      readonly model: ModelRef;
      readonly query: string;
      readonly classes: readonly { readonly id: string; readonly name: string; readonly label: string | null }[];
      readonly instruction: string;
      /** What was said before, one line a message; "" for nothing. */
      readonly histories: string;
      readonly images: readonly ChatPart[];
    }
  | {
      readonly kind: 'parameter-extractor';
      readonly model: ModelRef;
      readonly query: string;
      readonly instruction: string;
      readonly histories: string;
      readonly images: readonly ChatPart[];
      /** JSON schema of an object with the wanted parameters. */
      readonly schema: Json;
      /** `function_call` asks by a tool where the model can call tools, and by the prompt where it cannot. */
      readonly mode: 'function_call' | 'prompt';
    }
  | {
      readonly kind: 'code';
      readonly language: 'javascript' | 'python3';
      readonly code: string;
      /** Encoded values by name of the parameter. */
      readonly inputs: Json;
    }
  | HttpRequestEffect
  | {
      readonly kind: 'document-extractor';
      readonly files: readonly FileDescriptor[];
      /** Whether the node gives a list of texts, also for one file. */
      readonly many: boolean;
    }
  | {
      readonly kind: 'tool';
      readonly tool: ToolName;
      /** Encoded values by name; texts may hold secret placeholders. */
      readonly arguments: Json;
      /** How many flows called each other to get here. */
      readonly depth: number;
    }
  | {
      readonly kind: 'knowledge-retrieval';
      readonly query: string;
      /** Names or ids. */
      readonly datasets: readonly string[];
      readonly topK: number;
      readonly scoreThreshold: number | null;
      readonly weights: { readonly keyword: number; readonly vector: number } | null;
      readonly filter: MetadataFilter | null;
    }
  /** A person is asked. `askedAt`, milliseconds since 1970: from when on the timeout counts. */
  | { readonly kind: 'human-input'; readonly timeoutMs: number | null; readonly askedAt: number }
  /** A node whose result the user pinned; it is not executed. */
  | { readonly kind: 'pinned'; readonly pin: Pin }
  /** An inline node that reads a secret: evaluated by the executor, which knows the secret, with the same pure code. */
  | { readonly kind: 'evaluate'; readonly planVersion: number; readonly node: Json; readonly inputs: Json };

/** A tool as a flow names it. */
export type ToolName = {
  /** builtin, plugin, api, workflow, mcp, app */
  readonly providerType: string;
  readonly provider: string;
  readonly name: string;
};

/** A request of an http-request node, with its variables filled in. All texts may hold secret placeholders. */
export type HttpRequestEffect = {
  readonly kind: 'http-request';
  /** In capitals. */
  readonly method: string;
  readonly url: string;
  /** Added to the query of the URL. */
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly authorization: { readonly type: 'basic' | 'bearer' | 'custom'; readonly key: string; readonly header: string } | null;
  readonly body:
    | { readonly kind: 'none' }
    /** The text of a `json` body is mended where it is not quite JSON. */
    | { readonly kind: 'raw-text' | 'json'; readonly text: string }
    | { readonly kind: 'x-www-form-urlencoded'; readonly fields: readonly (readonly [name: string, value: string])[] }
    | {
        readonly kind: 'form-data';
        readonly parts: readonly (
          { readonly name: string; readonly text: string } | { readonly name: string; readonly file: FileDescriptor }
        )[];
      }
    | { readonly kind: 'binary'; readonly file: FileDescriptor };
  /** Milliseconds. */
  readonly timeouts: { readonly connect: number; readonly read: number; readonly write: number };
  readonly verifyTls: boolean;
};

/** A pinned result: outputs (plain JSON), or an error; `delayMs` later; `chunks` are the pieces a stream would have had. */
export type Pin =
  | { readonly outputs: Json; readonly delayMs?: number; readonly chunks?: readonly string[] }
  | { readonly error: string; readonly errorType?: string; readonly delayMs?: number; readonly chunks?: readonly string[] };

/** Something a node needs from outside, as data. A host performs it and feeds the result back. */
export type Effect = {
  /** Unique for (run, node, container path, visit): the name under which the result is stored. */
  readonly effectId: string;
  readonly runId: string;
  /** What the run runs: user code of different versions shares no process. */
  readonly flowVersion: string;
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
