import {
  NO_USAGE,
  type EffectRequest,
  type ToolBox,
  type ToolContext,
  type ToolOutput,
  type Value,
  type Values,
} from '../schemas/index.ts';
import { failedWith, type Performed } from './performed.ts';

type ToolRequest = Extract<EffectRequest, { kind: 'tool' }>;

/** Calls a tool with arguments whose secrets are filled in. */
export async function performTool(
  { tool }: ToolRequest,
  { tools, args, context }: { readonly tools: ToolBox; readonly args: Values; readonly context: ToolContext },
): Promise<Performed> {
  const startedAt = performance.now();
  const result = await tools.call(tool, args, context);
  const elapsedMs = performance.now() - startedAt;
  return result.ok
    ? { outputs: toolOutputs(result.output), usage: result.output.usage ?? NO_USAGE, elapsedMs }
    : { ...failedWith(result.type, result.message, result.retryable), elapsedMs };
}

/** The outputs of a tool node. Dify has an empty list in `json` where a tool gives no JSON. */
function toolOutputs({ text, files, json, variables }: ToolOutput): Values {
  const nothing: Value = new Map<string, Value>([['data', []]]);
  return new Map<string, Value>([['text', text], ['files', files], ['json', json.length === 0 ? [nothing] : json], ...variables]);
}
