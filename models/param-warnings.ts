import { mapCompletionParams } from './openai/completion-params.ts';
import { isClassifierProvider, type ModelName } from './provider-names.ts';

/**
 * What of a node's `completion_params` will not reach its model and why, one sentence each. Every model but the classifier, which
 * takes no parameters, is asked as OpenAI-compatible endpoints are. A text that names variables is told nothing about: it is filled in first.
 */
export function paramWarnings(model: ModelName, params: Readonly<Record<string, unknown>>): readonly string[] {
  if (isClassifierProvider(model.provider)) return [];
  const fixed = Object.entries(params).filter(([, value]) => typeof value !== 'string' || !value.includes('{{#'));
  return mapCompletionParams(Object.fromEntries(fixed), model.name).warnings;
}
