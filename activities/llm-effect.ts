import {
  fromPlain,
  NO_USAGE,
  type ChatReply,
  type EffectRequest,
  type Json,
  type ModelFailure,
  type ModelRouter,
  type PerformOptions,
  type Usage,
  type Value,
} from '../schemas/index.ts';
import { decodeValue } from '../schemas/index.ts';
import { failedWith, type Performed } from './performed.ts';
import { plainOf } from './plain.ts';

type LlmRequest = Extract<EffectRequest, { kind: 'llm' }>;

/** Asks a chat model, or a trained classifier when the node wants one of a set of labels (an enum schema). */
export async function performLlm(request: LlmRequest, models: ModelRouter, options: PerformOptions): Promise<Performed> {
  const resolved = await models.resolve(request.model);
  if (resolved.kind === 'none') return failedWith('ModelNotFoundError', `${resolved.message}. ${resolved.hint}`);
  const schema = request.schema === null ? null : plainOf(decodeValue(request.schema));
  if (resolved.kind === 'classifier') {
    const startedAt = performance.now();
    const chosen = resolved.classifier.chooseEnum(request.text, schema);
    const elapsedMs = performance.now() - startedAt;
    if (!chosen.ok) return { failure: chosen.failure, usage: NO_USAGE, elapsedMs };
    return {
      outputs: new Map<string, Value>([
        ['text', chosen.answer],
        ['finish_reason', 'stop'],
      ]),
      usage: NO_USAGE,
      elapsedMs,
    };
  }
  const answer = await resolved.model.complete(
    {
      model: resolved.name,
      messages: request.messages,
      params: paramsOf(request.model.params),
      schema,
    },
    options,
  );
  if (!answer.ok) return modelFailed(answer.failure);
  const { reply } = answer;
  const outputs = new Map<string, Value>([
    ['text', reply.text],
    ['usage', usageValue(reply)],
    ['finish_reason', reply.finishReason],
  ]);
  return { outputs, usage: usageOf(reply), elapsedMs: reply.elapsedMs };
}

export const paramsOf = (params: Json): Readonly<Record<string, unknown>> => {
  const plain = plainOf(decodeValue(params));
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? (plain as Record<string, unknown>) : {};
};

export const modelFailed = (failure: ModelFailure): Performed => ({
  failure: { message: failure.message, type: failure.type, retryable: failure.retryable },
  usage: { ...NO_USAGE, calls: failure.calls },
  elapsedMs: failure.elapsedMs,
});

export const usageOf = ({ inputTokens, outputTokens, cost, calls }: ChatReply): Usage => ({ inputTokens, outputTokens, cost, calls });

/** The `usage` output as Dify's nodes have it. */
export const usageValue = (reply: ChatReply): Value =>
  fromPlain({
    prompt_tokens: reply.inputTokens ?? 0,
    completion_tokens: reply.outputTokens ?? 0,
    total_tokens: (reply.inputTokens ?? 0) + (reply.outputTokens ?? 0),
  });
