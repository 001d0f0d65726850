import { readsOfModel } from '../model-reads.ts';
import type { Reads } from '../node-kind.ts';
import type { ExtractorConfig } from './config.ts';

export function readsOfExtractor(config: ExtractorConfig): Reads {
  const asked = readsOfModel(config);
  return { selectors: [config.query, ...asked.selectors], templates: [config.instruction, ...asked.templates] };
}
