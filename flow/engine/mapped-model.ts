import type { ModelRef, RunStarted } from '../../schemas/core.ts';
import type { ModelConfig } from '../nodes/model-config.ts';

/** Models that are asked in place of those the nodes name, by `provider/name` as a node says it. */
export type ModelReplacements = RunStarted['data']['modelMap'];

/** The model a node asks for, after `--map-model`. */
export function mappedModel(model: ModelConfig, replacements: ModelReplacements): ModelRef {
  const key = `${model.provider}/${model.name}`;
  const replacement = Object.hasOwn(replacements, key) ? replacements[key] : undefined;
  return replacement === undefined ? model : { ...model, provider: replacement.provider, name: replacement.name };
}
