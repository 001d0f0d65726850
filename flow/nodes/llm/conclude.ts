import { isArray, isObject, parseJson, type ObjectValue, type Value, type Values } from '../../../schemas/core.ts';
import { DEFAULT_HANDLE, type Conclusion } from '../../engine/node-outcome.ts';
import { parseLooseJson } from '../../text/index.ts';
import type { LlmConfig } from './config.ts';
import { splitReasoning, withoutThoughts } from './reasoning.ts';

/** Shapes the model's reply: reasoning split off when the node asks for it, structured output read from the text. */
export function concludeLlm(config: LlmConfig, outputs: Values): Conclusion {
  const result = new Map<string, Value>(outputs);
  const reply = outputs.get('text');
  if (typeof reply !== 'string') return { ok: false, error: { message: 'the model gave no text', type: 'LLMNodeError' } };
  const split = config.separateReasoning ? splitReasoning(reply) : { text: reply, reasoning: '' };
  result.set('text', split.text);
  result.set('reasoning_content', split.reasoning);
  if (config.schema !== null && !result.has('structured_output')) {
    const parsed = structuredOutput(withoutThoughts(reply));
    if (parsed === undefined)
      return { ok: false, error: { message: 'the model was asked for JSON but its answer holds none', type: 'OutputParserError' } };
    result.set('structured_output', parsed);
  }
  return { ok: true, outputs: result, handle: DEFAULT_HANDLE };
}

/** JSON alone, in a code fence or amid text, mended where it is not quite JSON; of a list its first object. */
function structuredOutput(text: string): ObjectValue | undefined {
  const strict = parseJson(text.trim());
  if (strict.ok) return objectOf(strict.value);
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1];
  const braces = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  for (const candidate of [fenced, braces]) {
    const parsed = candidate === undefined ? undefined : parseJson(candidate.trim());
    const found = parsed?.ok === true ? objectOf(parsed.value) : undefined;
    if (found !== undefined) return found;
  }
  const mended = objectOf(parseLooseJson(text) ?? null);
  return mended === undefined || mended.size === 0 ? undefined : mended;
}

const objectOf = (value: Value): ObjectValue | undefined => (isObject(value) ? value : isArray(value) ? value.find(isObject) : undefined);
