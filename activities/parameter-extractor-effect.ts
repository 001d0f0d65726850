import { EXTRACT_TOOL, extractionMessages, EXTRACTOR_REPLY, extractTool } from '../flow/index.ts';
import type { ChatReply, EffectRequest, PerformOptions, Value } from '../schemas/index.ts';
import { askModel, can, findModel, textOfReply, usageOf, usageValue, type ModelDeps } from './ask-model.ts';
import { failedWith, type Performed } from './performed.ts';

type ExtractorRequest = Extract<EffectRequest, { kind: 'parameter-extractor' }>;

/** Asks a language model for parameters: by a tool it is to call, or by a prompt where the node or the model wants no tools. */
export async function performExtractor(request: ExtractorRequest, deps: ModelDeps, options: PerformOptions): Promise<Performed> {
  const found = await findModel(request.model, deps);
  if (found.kind === 'failed') return found.failed;
  if (found.kind === 'classifier')
    return failedWith('InvokeBadRequestError', 'a trained classifier finds no parameters: choose a language model for the node');
  const { model: ref } = request;
  const byTool = request.mode === 'function_call' && ref.mode === 'chat' && can(found.target, 'tools');
  const messages = extractionMessages(request, byTool ? 'tool' : 'text');
  const question = { ref, messages, ...(byTool ? { tools: [extractTool(request.schema)] } : {}) };
  const answer = await askModel(found.target, question, deps, options);
  if (!answer.ok) return answer.failed;
  const { reply } = answer;
  const outputs = new Map<string, Value>([
    [EXTRACTOR_REPLY.text, textOfReply(reply)],
    [EXTRACTOR_REPLY.call, argumentsOf(reply)],
    ['usage', usageValue(reply)],
  ]);
  return { outputs, usage: usageOf(reply), elapsedMs: reply.elapsedMs };
}

function argumentsOf({ toolCalls = [] }: ChatReply): string | null {
  const call = toolCalls.find(({ name }) => name === EXTRACT_TOOL) ?? toolCalls[0];
  return call?.arguments ?? null;
}
