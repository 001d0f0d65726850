import { isObject, parseJson, type Value, type Values } from '../../../schemas/core.ts';
import { DEFAULT_HANDLE, type Conclusion } from '../../engine/node-outcome.ts';
import type { LlmConfig } from './config.ts';

const THINKING = /<think[^>]*>([\s\S]*?)<\/think>/gi;

/** Shapes the model's reply: reasoning split off when the node asks for it, structured output read from the text. */
export function concludeLlm(config: LlmConfig, outputs: Values): Conclusion {
  const result = new Map<string, Value>(outputs);
  const text = outputs.get('text');
  if (typeof text !== 'string') return { ok: false, error: { message: 'the model gave no text', type: 'LLMNodeError' } };
  if (config.separateReasoning) {
    const thoughts = Array.from(text.matchAll(THINKING), (match) => (match[1] ?? '').trim());
    result.set('text', text.replace(THINKING, '').trim());
    result.set('reasoning_content', thoughts.join('\n'));
  } else if (!result.has('reasoning_content')) result.set('reasoning_content', '');
  if (config.schema !== null && !result.has('structured_output')) {
    const parsed = parseStructured(text.replace(THINKING, ''));
    if (parsed === undefined)
      return { ok: false, error: { message: 'the model was asked for JSON but its answer holds none', type: 'OutputParserError' } };
    result.set('structured_output', parsed);
  }
  return { ok: true, outputs: result, handle: DEFAULT_HANDLE };
}

/** JSON alone, in a code fence, or the outermost braces of a text. */
function parseStructured(text: string): Value | undefined {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1];
  const braces = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  for (const candidate of [text, fenced, braces]) {
    if (candidate === undefined) continue;
    const parsed = parseJson(candidate.trim());
    if (parsed.ok && isObject(parsed.value)) return parsed.value;
  }
  return undefined;
}
