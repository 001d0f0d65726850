import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';

export type KnowledgeCondition = {
  readonly name: string;
  readonly operator: string;
  readonly value: { readonly template: VariableTemplate } | { readonly constant: number | readonly string[] | null };
};

export type KnowledgeRetrievalConfig = {
  readonly query: Selector;
  /** Names or ids. */
  readonly datasets: readonly string[];
  readonly topK: number;
  readonly scoreThreshold: number | null;
  readonly weights: { readonly keyword: number; readonly vector: number } | null;
  readonly filter: { readonly logic: 'and' | 'or'; readonly conditions: readonly KnowledgeCondition[] } | null;
};
