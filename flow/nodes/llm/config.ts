import type { Json } from '../../../schemas/core.ts';
import type { NamedSelector, Selector } from '../../plan/selector.ts';
import type { CompiledTemplate } from '../../templates/index.ts';
import type { VariableTemplate } from '../../text/index.ts';
import type { ModelConfig } from '../model-config.ts';

export type PromptPart =
  /** Pieces between the `{{#context#}}` marks, which stand for the retrieved text. */
  | { readonly role: 'system' | 'user' | 'assistant'; readonly basic: readonly VariableTemplate[] }
  | { readonly role: 'system' | 'user' | 'assistant'; readonly jinja: CompiledTemplate };
export type LlmConfig = {
  readonly model: ModelConfig;
  readonly prompts: readonly PromptPart[];
  readonly jinjaVariables: readonly NamedSelector[];
  /** What a chat flow with memory asks: the user's query by default. Null without memory. */
  readonly query: VariableTemplate | null;
  readonly context: Selector | null;
  /** JSON schema, or null. */
  readonly schema: Json;
  readonly separateReasoning: boolean;
};
