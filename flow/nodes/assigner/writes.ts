import type { Selector } from '../../plan/selector.ts';
import type { AssignerConfig } from './config.ts';

/** The variables of others that an assigner changes. */
export const writtenBy = (config: AssignerConfig): readonly Selector[] =>
  config.version === 2 ? config.items.map((item) => item.target) : [config.target];
