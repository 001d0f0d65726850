import type { ChatTool, Json, ToolName } from '../../../schemas/core.ts';
import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';
import type { ModelConfig } from '../model-config.ts';
import type { MemoryConfig } from '../model-memory.ts';

/** A tool as the model is told of it, and what it is called with beside what the model says. */
export type AgentTool = {
  readonly tool: ToolName;
  readonly told: ChatTool;
  /** Encoded values by name. */
  readonly fixed: Json;
};

export type AgentConfig = {
  readonly model: ModelConfig;
  /** By the model's own tool calls, or by text that names them (ReAct: Yao et al. 2022). */
  readonly strategy: 'function_calling' | 'react';
  readonly tools: readonly AgentTool[];
  readonly instruction: VariableTemplate;
  readonly query: VariableTemplate | Selector;
  /** Rounds of asking the model; in the last one it is given no tools, so that it answers. */
  readonly maxIterations: number;
  readonly memory: MemoryConfig | null;
};
