import { decodeValue, encodeValue, isNumeric, isObject, parseJson, type ModelRef, type SecretRef, type Value } from '../../schemas/core.ts';
import { mappedModel } from '../engine/mapped-model.ts';
import type { NodeContext } from '../engine/node-outcome.ts';
import { compileVariableTemplate, renderTemplate } from '../text/index.ts';
import type { ModelConfig } from './model-config.ts';

/** Dify takes no more of a variable's text for a parameter. */
const LONGEST_PARAM = 1024;

export type AskedModel = { readonly model: ModelRef; readonly secrets: readonly SecretRef[] };

/** The model a node asks now: after `--map-model`, with the variables in its parameters filled in. */
export function askedModel(config: ModelConfig, context: NodeContext): AskedModel {
  const model = mappedModel(config, context.modelMap);
  const params = JSON.stringify(model.params).includes('{{#') ? decodeValue(model.params) : null;
  if (params === null || !isObject(params)) return { model, secrets: [] };
  const secrets: SecretRef[] = [];
  const filled = Array.from(params, ([name, value]): [string, Value] => {
    if (typeof value !== 'string' || !value.includes('{{#')) return [name, value];
    const rendered = renderTemplate(compileVariableTemplate(value), context.lookup, 'text');
    secrets.push(...rendered.secrets);
    return [name, scalarOf(rendered.secrets.length === 0 ? rendered.text.slice(0, LONGEST_PARAM) : rendered.text)];
  });
  return { model: { ...model, params: encodeValue(new Map(filled)) }, secrets };
}

/** Variables become text; a text that reads as a number or a boolean is meant as one. */
function scalarOf(text: string): Value {
  const parsed = parseJson(text.trim());
  return parsed.ok && (isNumeric(parsed.value) || typeof parsed.value === 'boolean') ? parsed.value : text;
}
