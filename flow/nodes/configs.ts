import type { AgentConfig } from './agent/config.ts';
import type { AnswerConfig } from './answer/config.ts';
import type { AssignerConfig } from './assigner/config.ts';
import type { CodeConfig } from './code/config.ts';
import type { DocumentExtractorConfig } from './document-extractor/config.ts';
import type { EndConfig } from './end/config.ts';
import type { HttpRequestConfig } from './http-request/config.ts';
import type { HumanInputConfig } from './human-input/config.ts';
import type { IfElseConfig } from './if-else/config.ts';
import type { IterationConfig } from './iteration/config.ts';
import type { KnowledgeRetrievalConfig } from './knowledge-retrieval/config.ts';
import type { ListOperatorConfig } from './list-operator/config.ts';
import type { LlmConfig } from './llm/config.ts';
import type { LoopConfig } from './loop/config.ts';
import type { NoConfig } from './no-config.ts';
import type { ExtractorConfig } from './parameter-extractor/config.ts';
import type { ClassifierConfig } from './question-classifier/config.ts';
import type { StartConfig } from './start/config.ts';
import type { TemplateConfig } from './template-transform/config.ts';
import type { ToolConfig } from './tool/config.ts';
import type { UnsupportedConfig } from './unsupported-config.ts';
import type { AggregatorConfig } from './variable-aggregator/config.ts';

/** What a node of each kind is compiled to: plain data, so that a plan can cross a process boundary. */
export type NodeConfigs = {
  readonly start: StartConfig;
  readonly end: EndConfig;
  readonly answer: AnswerConfig;
  readonly 'if-else': IfElseConfig;
  readonly 'template-transform': TemplateConfig;
  readonly code: CodeConfig;
  readonly llm: LlmConfig;
  readonly 'question-classifier': ClassifierConfig;
  readonly 'parameter-extractor': ExtractorConfig;
  readonly 'variable-aggregator': AggregatorConfig;
  readonly assigner: AssignerConfig;
  readonly 'list-operator': ListOperatorConfig;
  readonly iteration: IterationConfig;
  readonly loop: LoopConfig;
  readonly 'pass-start': NoConfig;
  readonly 'loop-end': NoConfig;
  readonly 'http-request': HttpRequestConfig;
  readonly 'document-extractor': DocumentExtractorConfig;
  readonly tool: ToolConfig;
  /** A tool that may change something outside. */
  readonly 'acting-tool': ToolConfig;
  readonly 'knowledge-retrieval': KnowledgeRetrievalConfig;
  readonly agent: AgentConfig;
  readonly 'human-input': HumanInputConfig;
  readonly unsupported: UnsupportedConfig;
};
export type NodeKindName = keyof NodeConfigs;

/** A compiled node of one kind, or of any. */
export type NodeBehaviour<K extends NodeKindName = NodeKindName> = {
  readonly [P in K]: { readonly kind: P; readonly config: NodeConfigs[P] };
}[K];
