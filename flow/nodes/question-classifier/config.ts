import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';
import type { ModelConfig } from '../model-config.ts';

export type ClassifierConfig = {
  readonly model: ModelConfig;
  readonly query: Selector;
  readonly classes: readonly { readonly id: string; readonly name: string; readonly label: string | null }[];
  readonly instruction: VariableTemplate;
};
