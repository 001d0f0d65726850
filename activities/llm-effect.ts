import { decodeValue, NO_USAGE, type EffectRequest, type PerformOptions, type Value } from '../schemas/index.ts';
import { askModel, can, findModel, textOfReply, usageOf, usageValue, type ModelDeps } from './ask-model.ts';
import { failedWith, type Performed } from './performed.ts';
import { plainOf } from './plain.ts';

type LlmRequest = Extract<EffectRequest, { kind: 'llm' }>;

/** Asks a language model, or a trained classifier when the node wants one of a set of labels (an enum schema). */
export async function performLlm(request: LlmRequest, deps: ModelDeps, options: PerformOptions): Promise<Performed> {
  const found = await findModel(request.model, deps);
  if (found.kind === 'failed') return found.failed;
  if (found.kind === 'classifier') {
    const startedAt = performance.now();
    const chosen = found.classifier.chooseEnum(request.text, request.schema === null ? null : plainOf(decodeValue(request.schema)));
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
  const { model: ref, messages, schema, tools } = request;
  if (tools !== undefined && !can(found.target, 'tools')) {
    const message = `the model ${ref.provider}/${ref.name} cannot call tools: let the agent work by ReAct, or take another model`;
    return failedWith('InvokeBadRequestError', message);
  }
  const answer = await askModel(found.target, { ref, messages, schema, ...(tools === undefined ? {} : { tools }) }, deps, options);
  if (!answer.ok) return answer.failed;
  const { reply } = answer;
  const outputs = new Map<string, Value>([
    ['text', textOfReply(reply)],
    ['usage', usageValue(reply)],
    ['finish_reason', reply.finishReason],
  ]);
  if (tools !== undefined)
    outputs.set(
      'tool_calls',
      (reply.toolCalls ?? []).map((call): Value => new Map(Object.entries(call))),
    );
  return { outputs, usage: usageOf(reply), elapsedMs: reply.elapsedMs };
}
