import type { ModelRef } from '../../schemas/core.ts';
import { mappedModel, type ModelReplacements } from '../engine/mapped-model.ts';
import { modelOf } from '../nodes/kinds.ts';
import type { Plan, PlanNode } from './plan.ts';

/** The models a plan's nodes ask for, after `--map-model`. */
export function modelsOf(plan: Plan, replacements: ModelReplacements): readonly { readonly node: PlanNode; readonly model: ModelRef }[] {
  return plan.nodes.flatMap((node) => {
    const model = modelOf(node.behaviour);
    return model === null ? [] : [{ node, model: mappedModel(model, replacements) }];
  });
}
