import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';
import type { ModelConfig } from '../model-config.ts';
import type { MemoryConfig } from '../model-memory.ts';
import type { VisionConfig } from '../model-vision.ts';

export type ClassifierClass = {
  readonly id: string;
  /** As the DSL has it; it may name variables. */
  readonly name: string;
  readonly template: VariableTemplate;
  readonly label: string;
};

export type ClassifierConfig = {
  readonly model: ModelConfig;
  readonly query: Selector;
  readonly classes: readonly ClassifierClass[];
  readonly instruction: VariableTemplate;
  readonly memory: MemoryConfig | null;
  readonly vision: VisionConfig | null;
};
