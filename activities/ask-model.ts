import {
  float,
  NO_USAGE,
  objectOf,
  type ChatMessage,
  type ChatReply,
  type ChatRequest,
  type FileContents,
  type Json,
  type ModelFailure,
  type ModelRef,
  type ModelRouter,
  type NodeClassifier,
  type PerformOptions,
  type ResolvedModel,
  type Usage,
  type Value,
} from '../schemas/index.ts';
import { decodeValue } from '../schemas/index.ts';
import { failedWith, type Performed } from './performed.ts';
import { plainOf } from './plain.ts';
import { shownMessages } from './shown-messages.ts';

/** What models are asked with. Without `files`, pictures that lie with us cannot be shown. */
export type ModelDeps = { readonly models: ModelRouter; readonly files?: FileContents };

export type ChatTarget = Extract<ResolvedModel, { readonly kind: 'chat' }>;
export type Found =
  | { readonly kind: 'chat'; readonly target: ChatTarget }
  | { readonly kind: 'classifier'; readonly classifier: NodeClassifier }
  | { readonly kind: 'failed'; readonly failed: Performed };

/** What serves the model of a request, or why nothing does. */
export async function findModel(ref: ModelRef, { models }: ModelDeps): Promise<Found> {
  const resolved = await models.resolve(ref);
  if (resolved.kind === 'none')
    return { kind: 'failed', failed: failedWith('ModelNotFoundError', `${resolved.message}. ${resolved.hint}`) };
  return resolved.kind === 'chat' ? { kind: 'chat', target: resolved } : { kind: 'classifier', classifier: resolved.classifier };
}

export const can = (target: ChatTarget, ability: 'tools' | 'vision' | 'json-schema'): boolean => target.without?.includes(ability) !== true;

export type Question = {
  readonly ref: ModelRef;
  readonly messages: readonly ChatMessage[];
  /** JSON schema of the answer (encoded), or null. */
  readonly schema?: Json;
  readonly tools?: ChatRequest['tools'];
};
export type Answered = { readonly ok: true; readonly reply: ChatReply } | { readonly ok: false; readonly failed: Performed };

/** Asks a model: pictures are fetched for it first, or left out where it cannot look at them; a schema it cannot take goes into the prompt. */
export async function askModel(target: ChatTarget, question: Question, deps: ModelDeps, options: PerformOptions): Promise<Answered> {
  const shown = await shownMessages(question.messages, { vision: can(target, 'vision'), files: deps.files, signal: options.signal });
  if (!shown.ok) return { ok: false, failed: failedWith(shown.type, shown.message, shown.retryable) };
  const { ref, tools } = question;
  const schema = question.schema === undefined || question.schema === null ? null : plainOf(decodeValue(question.schema));
  const takesSchema = schema === null || (ref.mode === 'chat' && can(target, 'json-schema'));
  const answer = await target.model.complete(
    {
      model: target.name,
      ...(ref.mode === 'completion' ? { mode: 'completion' } : {}),
      messages: takesSchema ? shown.messages : withSchema(shown.messages, schema),
      params: paramsOf(ref.params),
      schema: takesSchema ? schema : null,
      ...(tools === undefined ? {} : { tools }),
    },
    options,
  );
  return answer.ok ? answer : { ok: false, failed: modelFailed(answer.failure) };
}

function withSchema(messages: readonly ChatMessage[], schema: unknown): readonly ChatMessage[] {
  const rule = `Answer with one JSON object that fits this JSON schema, and nothing else:\n${JSON.stringify(schema)}`;
  const [first, ...rest] = messages;
  return first?.role === 'system' && typeof first.content === 'string'
    ? [{ ...first, content: `${first.content}\n\n${rule}` }, ...rest]
    : [{ role: 'system', content: rule }, ...messages];
}

function paramsOf(params: Json): Readonly<Record<string, unknown>> {
  const plain = plainOf(decodeValue(params));
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? (plain as Record<string, unknown>) : {};
}

const modelFailed = (failure: ModelFailure): Performed => ({
  failure: { message: failure.message, type: failure.type, retryable: failure.retryable },
  usage: { ...NO_USAGE, calls: failure.calls },
  elapsedMs: failure.elapsedMs,
});

export const usageOf = ({ inputTokens, outputTokens, cost, calls }: ChatReply): Usage => ({ inputTokens, outputTokens, cost, calls });

/** The text of a reply. Thoughts that the endpoint keeps apart stand before it in a `<think>` block, as Dify's providers have it. */
export const textOfReply = ({ text, reasoning }: ChatReply): string =>
  reasoning === undefined || reasoning === '' ? text : `<think>\n${reasoning}\n</think>${text}`;

/** Dify tells prices as texts of decimals, for a million tokens where a provider says so. */
const PRICE_UNIT = '0.000001';

/** The `usage` output as Dify's nodes have it: tokens, prices in USD, seconds. */
export function usageValue(reply: ChatReply): Value {
  const [input, output] = [reply.inputTokens ?? 0, reply.outputTokens ?? 0];
  const { inputPerMillion = 0, outputPerMillion = 0 } = reply.prices ?? {};
  const unit = reply.prices === undefined ? '0' : PRICE_UNIT;
  return objectOf([
    ['prompt_tokens', input],
    ['prompt_unit_price', String(inputPerMillion)],
    ['prompt_price_unit', unit],
    ['prompt_price', priceText(input * inputPerMillion)],
    ['completion_tokens', output],
    ['completion_unit_price', String(outputPerMillion)],
    ['completion_price_unit', unit],
    ['completion_price', priceText(output * outputPerMillion)],
    ['total_tokens', input + output],
    ['total_price', priceText(input * inputPerMillion + output * outputPerMillion)],
    ['currency', 'USD'],
    ['latency', float(Math.round(reply.elapsedMs) / 1000)],
    ['time_to_first_token', null],
    ['time_to_generate', null],
  ]);
}

const priceText = (millionths: number): string => (millionths === 0 ? '0' : (millionths / 1e6).toFixed(7));
