import type { EffectRequest, Json } from '../../schemas/core.ts';
import type { CompiledTemplate } from '../templates/index.ts';
import type { VariableTemplate } from '../text/index.ts';
import type { IfElseCase } from '../conditions/index.ts';

export type Selector = readonly string[];
export type NamedSelector = { readonly name: string; readonly selector: Selector };

export type StartVariable = {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Encoded. */
  readonly default: Json;
  readonly options: readonly string[];
  readonly maxLength: number | null;
};

export type StartConfig = { readonly variables: readonly StartVariable[] };
export type EndConfig = { readonly outputs: readonly NamedSelector[] };
export type AnswerConfig = { readonly template: VariableTemplate };
export type IfElseConfig = { readonly cases: readonly IfElseCase[] };
export type TemplateConfig = { readonly variables: readonly NamedSelector[]; readonly template: CompiledTemplate };
export type OutputType = { readonly type: string; readonly children: Readonly<Record<string, OutputType>> | null };
export type CodeConfig = {
  readonly language: 'javascript' | 'python3';
  readonly code: string;
  readonly variables: readonly NamedSelector[];
  readonly outputs: Readonly<Record<string, OutputType>>;
};
export type ModelConfig = { readonly provider: string; readonly name: string; readonly mode: 'chat' | 'completion'; readonly params: Json };
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
export type ClassifierConfig = {
  readonly model: ModelConfig;
  readonly query: Selector;
  readonly classes: readonly { readonly id: string; readonly name: string; readonly label: string | null }[];
  readonly instruction: VariableTemplate;
};
export type AggregatorConfig = {
  readonly variables: readonly Selector[];
  /** Null: one output named `output`. */
  readonly groups: readonly { readonly name: string; readonly variables: readonly Selector[] }[] | null;
};
/** A node this version cannot run: reached, it fails with this sentence. */
export type UnsupportedConfig = { readonly reason: string };

export type NodeBehaviour =
  | { readonly kind: 'start'; readonly config: StartConfig }
  | { readonly kind: 'end'; readonly config: EndConfig }
  | { readonly kind: 'answer'; readonly config: AnswerConfig }
  | { readonly kind: 'if-else'; readonly config: IfElseConfig }
  | { readonly kind: 'template-transform'; readonly config: TemplateConfig }
  | { readonly kind: 'code'; readonly config: CodeConfig }
  | { readonly kind: 'llm'; readonly config: LlmConfig }
  | { readonly kind: 'question-classifier'; readonly config: ClassifierConfig }
  | { readonly kind: 'variable-aggregator'; readonly config: AggregatorConfig }
  | { readonly kind: 'unsupported'; readonly config: UnsupportedConfig };
export type NodeKindName = NodeBehaviour['kind'];

export type PlanNode = {
  readonly id: string;
  /** The type as the DSL spells it. */
  readonly type: string;
  readonly title: string;
  readonly behaviour: NodeBehaviour;
  /** Takes only the edges whose handle the node chose; other nodes take all. */
  readonly branches: boolean;
  readonly onError: 'fail-run' | 'fail-branch' | 'default-value';
  /** Encoded outputs for `default-value`. */
  readonly defaults: Json;
  /** Extra attempts after the first, and the milliseconds between. */
  readonly retry: { readonly times: number; readonly intervalMs: number };
  /** Hash of the node's data without title, description, position and retry. */
  readonly meaning: string;
  /** Indexes of edges. */
  readonly outgoing: readonly number[];
  readonly incoming: readonly number[];
};

export type PlanEdge = { readonly source: number; readonly target: number; readonly handle: string };

/** A graph compiled for running: plain data, so that it can cross a process boundary. Nodes unreachable from the start are left out. */
export type Plan = {
  readonly planVersion: number;
  readonly flow: string;
  readonly flowVersion: string;
  /** `workflow` or `advanced-chat`. */
  readonly mode: string;
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  readonly root: number;
  /** Encoded values by name; secrets as their names. */
  readonly environment: Readonly<Record<string, { readonly value: Json } | { readonly secret: string }>>;
  readonly conversation: Readonly<Record<string, Json>>;
  /** Some variable of the environment is a secret. */
  readonly hasSecrets: boolean;
  /** A node may wait for a person or a timer. */
  readonly mayWait: boolean;
};

/** Kinds whose effects may be reused for equal content within an evaluation. */
export const REUSABLE: ReadonlySet<EffectRequest['kind']> = new Set<EffectRequest['kind']>(['llm', 'question-classifier', 'code']);
/** Kinds on which Dify honours retry_config. */
export const RETRYABLE: ReadonlySet<NodeKindName> = new Set<NodeKindName>(['llm', 'code']);
