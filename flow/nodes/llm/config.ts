import type { Json } from '../../../schemas/core.ts';
import type { NamedSelector, Selector } from '../../plan/selector.ts';
import type { CompiledTemplate } from '../../templates/index.ts';
import type { VariableTemplate } from '../../text/index.ts';
import type { ModelConfig } from '../model-config.ts';
import type { MemoryConfig } from '../model-memory.ts';
import type { VisionConfig } from '../model-vision.ts';

/** What stands between two pieces of a prompt: the retrieved text, or what was said before. */
export type PromptMark = 'context' | 'histories';

export type PromptPart =
  /** Pieces, and the marks between them, one less than there are pieces. */
  | {
      readonly role: 'system' | 'user' | 'assistant';
      readonly basic: readonly VariableTemplate[];
      readonly marks: readonly PromptMark[];
    }
  | { readonly role: 'system' | 'user' | 'assistant'; readonly jinja: CompiledTemplate };

export type LlmConfig = {
  readonly model: ModelConfig;
  /** `messages` of a chat, or the one `text` that a model is to complete. */
  readonly form: 'messages' | 'text';
  readonly prompts: readonly PromptPart[];
  readonly jinjaVariables: readonly NamedSelector[];
  readonly memory: MemoryConfig | null;
  /** What a chat flow with memory asks: the user's query by default. Null without memory. */
  readonly query: VariableTemplate | null;
  readonly vision: VisionConfig | null;
  readonly context: Selector | null;
  /** JSON schema, or null. */
  readonly schema: Json;
  readonly separateReasoning: boolean;
};
