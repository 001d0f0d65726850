import type { ModelRef } from '../../schemas/core.ts';
import type { ModelConfig } from '../plan/plan.ts';

/** The model a node asks for, after `--map-model FROM=TO`. Both are written `provider/model`; the model is what follows the last slash of the provider. */
export function mappedModel(model: ModelConfig, map: Readonly<Record<string, string>>): ModelRef {
  const target = map[`${model.provider}/${model.name}`];
  if (target === undefined) return model;
  const slash = target.lastIndexOf('/');
  return { ...model, provider: target.slice(0, slash), name: target.slice(slash + 1) };
}
