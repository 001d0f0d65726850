import type { Json } from '../../../schemas/core.ts';
import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';
import type { ModelConfig } from '../model-config.ts';
import type { MemoryConfig } from '../model-memory.ts';
import type { VisionConfig } from '../model-vision.ts';

export type ParameterType = 'string' | 'number' | 'boolean' | 'array[string]' | 'array[number]' | 'array[object]' | 'array[boolean]';

export type Parameter = {
  readonly name: string;
  readonly type: ParameterType;
  /** The only texts that are allowed; empty: any. */
  readonly options: readonly string[];
  readonly required: boolean;
};

export type ExtractorConfig = {
  readonly model: ModelConfig;
  readonly query: Selector;
  readonly parameters: readonly Parameter[];
  /** JSON schema of an object with the parameters, as the model is told. */
  readonly schema: Json;
  readonly instruction: VariableTemplate;
  readonly mode: 'function_call' | 'prompt';
  readonly memory: MemoryConfig | null;
  readonly vision: VisionConfig | null;
};
