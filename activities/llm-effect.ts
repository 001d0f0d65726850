import {
  fromPlain,
  isObject,
  NO_USAGE,
  type ChatReply,
  type EffectRequest,
  type Json,
  type ModelFailure,
  type ModelRouter,
  type Usage,
  type Value,
} from '../schemas/index.ts';
import { decodeValue } from '../schemas/index.ts';
import { failedWith, type Performed } from './performed.ts';
import { plainOf } from './plain.ts';

type LlmRequest = Extract<EffectRequest, { kind: 'llm' }>;

/** Asks a chat model, or a trained classifier when the node wants one of a set of labels (an enum schema). */
export async function performLlm(request: LlmRequest, models: ModelRouter, signal: AbortSignal): Promise<Performed> {
  const resolved = await models.resolve(request.model);
  if (resolved.kind === 'none') return failedWith('ModelNotFoundError', resolved.message);
  if (resolved.kind === 'classifier') return classify(request, resolved.classifier);
  const answer = await resolved.model.complete(
    {
      model: resolved.name,
      messages: request.messages,
      params: paramsOf(request.model.params),
      schema: request.schema === null ? null : plainOf(decodeValue(request.schema)),
    },
    { signal },
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

function classify(
  request: LlmRequest,
  classifier: { classify(text: string): { readonly label: string; readonly probabilities: Readonly<Record<string, number>> } },
): Performed {
  const property = enumProperty(request.schema);
  if (property === null) {
    return failedWith(
      'ModelNotFoundError',
      'provider riskflow/classifier serves question-classifier nodes, and LLM nodes whose structured output is one text property with an enum of labels; this node has none',
    );
  }
  const { label, probabilities } = classifier.classify(request.text);
  const object = new Map<string, Value>([[property, label]]);
  const outputs = new Map<string, Value>([
    ['text', JSON.stringify({ [property]: label })],
    ['structured_output', object],
    ['probabilities', fromPlain(probabilities)],
    ['finish_reason', 'stop'],
  ]);
  return { outputs, usage: NO_USAGE, elapsedMs: 0 };
}

/** The name of the one property of the schema that has an enum of texts. */
function enumProperty(schema: Json): string | null {
  const decoded = decodeValue(schema);
  const properties = isObject(decoded) ? decoded.get('properties') : undefined;
  if (properties === undefined || !isObject(properties)) return null;
  const withEnum = [...properties].filter(([, property]) => isObject(property) && Array.isArray(property.get('enum')));
  return withEnum.length === 1 ? (withEnum[0]?.[0] ?? null) : null;
}
