import type { ObjectValue, Value, Values } from '../../../schemas/core.ts';
import { DEFAULT_HANDLE, type Conclusion } from '../../engine/node-outcome.ts';
import { jsonObjectsIn } from '../../text/index.ts';
import { withoutThoughts } from '../llm/reasoning.ts';
import type { ExtractorConfig } from './config.ts';
import { nothingFound, problemOf, valuesOf } from './read-values.ts';

/** Beside `usage`, what the executor of the effect gives: the model's text, and the arguments of the tool it called, or null. */
export const EXTRACTOR_REPLY = { text: 'text', call: 'tool_arguments' } as const;

/**
 * The parameters, each in its type, and whether the model found them as it should have. A reply that cannot be read is no failure of the
 * node: the parameters then have the defaults of their types, `__is_success` is 0 and `__reason` says why.
 */
export function concludeExtractor({ parameters }: ExtractorConfig, outputs: Values): Conclusion {
  const text = outputs.get(EXTRACTOR_REPLY.text);
  const call = outputs.get(EXTRACTOR_REPLY.call) ?? null;
  if (typeof text !== 'string' || (call !== null && typeof call !== 'string'))
    return { ok: false, error: { message: 'the model gave no text', type: 'ParameterExtractorNodeError' } };
  const { found, reason: unread } = foundIn(call, text, parameters);
  const reason = problemOf(parameters, found) ?? unread;
  const result = new Map<string, Value>([
    ['__is_success', reason === null ? 1 : 0],
    ['__reason', reason],
    ['__usage', outputs.get('usage') ?? null],
    ...valuesOf(parameters, found),
  ]);
  return { ok: true, outputs: result, handle: DEFAULT_HANDLE };
}

type Found = { readonly found: ObjectValue; readonly reason: string | null };

function foundIn(call: string | null, text: string, parameters: ExtractorConfig['parameters']): Found {
  if (call !== null) return { found: firstObject(call) ?? new Map(), reason: null };
  const found = firstObject(withoutThoughts(text));
  if (found !== undefined && found.size > 0) return { found, reason: null };
  return { found: nothingFound(parameters), reason: 'the model called no tool and its answer holds no JSON object' };
}

function firstObject(text: string): ObjectValue | undefined {
  for (const object of jsonObjectsIn(text)) return object;
  return undefined;
}
