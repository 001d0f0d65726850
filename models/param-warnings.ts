import { mapCompletionParams } from './openai/completion-params.ts';
import { isClassifierProvider, type ModelName } from './provider-names.ts';

/**
 * What of a node's `completion_params` will not reach its model and why, one sentence each. Every model but the classifier, which
 * takes no parameters, is asked as OpenAI-compatible endpoints are.
 */
export const paramWarnings = (model: ModelName, params: Readonly<Record<string, unknown>>): readonly string[] =>
  isClassifierProvider(model.provider) ? [] : mapCompletionParams(params, model.name).warnings;
