import { decodeValue, isObject } from '../../schemas/core.ts';
import { compileVariableTemplate } from '../text/index.ts';
import type { ModelConfig } from './model-config.ts';
import { HISTORY, type MemoryConfig } from './model-memory.ts';
import type { VisionConfig } from './model-vision.ts';
import type { Reads } from './node-kind.ts';

type Asking = { readonly memory: MemoryConfig | null; readonly vision: VisionConfig | null; readonly model: ModelConfig };

/** What every node that asks a model reads: what was said before, pictures, and variables in the model's parameters. */
export function readsOfModel({ memory, vision, model }: Asking): Required<Reads> {
  const params = decodeValue(model.params);
  const texts = isObject(params) ? [...params.values()].filter((value) => typeof value === 'string') : [];
  return {
    templates: texts.filter((text) => text.includes('{{#')).map(compileVariableTemplate),
    selectors: [...(memory === null ? [] : [HISTORY]), ...(vision === null ? [] : [vision.selector])],
  };
}
