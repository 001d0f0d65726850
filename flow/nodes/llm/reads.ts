import type { Reads } from '../node-kind.ts';
import { readsOfModel } from '../model-reads.ts';
import type { LlmConfig } from './config.ts';

export function readsOfLlm({ prompts, query, jinjaVariables, context, memory, vision, model }: LlmConfig): Reads {
  const asked = readsOfModel({ memory, vision, model });
  return {
    templates: [...asked.templates, ...prompts.flatMap((part) => ('basic' in part ? part.basic : [])), ...(query === null ? [] : [query])],
    selectors: [...asked.selectors, ...jinjaVariables.map((variable) => variable.selector), ...(context === null ? [] : [context])],
  };
}
