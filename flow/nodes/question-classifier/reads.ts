import { readsOfModel } from '../model-reads.ts';
import type { Reads } from '../node-kind.ts';
import type { ClassifierConfig } from './config.ts';

export function readsOfClassifier(config: ClassifierConfig): Reads {
  const asked = readsOfModel(config);
  return {
    selectors: [config.query, ...asked.selectors],
    templates: [config.instruction, ...config.classes.map(({ template }) => template), ...asked.templates],
  };
}
