import { isArray, isNumeric, toDouble } from '../../../schemas/core.ts';
import { knowledgeRetrievalDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileVariableTemplate, renderText } from '../../text/index.ts';
import type { KnowledgeCondition, KnowledgeRetrievalConfig } from './config.ts';

/** Dify's default where a file says nothing. */
const DEFAULT_TOP_K = 4;
const MAX_TOP_K = 100;

type Data = ReturnType<typeof knowledgeRetrievalDataSchema.parse>;

export function compileKnowledgeRetrieval(data: YamlPlain): BehaviourResult {
  const parsed = knowledgeRetrievalDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { query_variable_selector, dataset_ids, multiple_retrieval_config: settings, metadata_filtering_mode } = parsed.data;
  const conditions = parsed.data.metadata_filtering_conditions;
  const manual = metadata_filtering_mode === 'manual' && conditions != null && conditions.conditions.length > 0;
  const threshold = settings?.score_threshold_enabled === false ? null : (settings?.score_threshold ?? null);
  const config: KnowledgeRetrievalConfig = {
    query: query_variable_selector ?? [],
    datasets: dataset_ids,
    topK: Math.min(Math.max(Math.trunc(settings?.top_k ?? DEFAULT_TOP_K), 1), MAX_TOP_K),
    scoreThreshold: threshold,
    weights: weightsOf(settings),
    filter: manual ? { logic: conditions.logical_operator ?? 'and', conditions: conditions.conditions.map(compileCondition) } : null,
  };
  return { ok: true, warnings: warningsOf(parsed.data, config), behaviour: { kind: 'knowledge-retrieval', config } };
}

function weightsOf(settings: Data['multiple_retrieval_config']): KnowledgeRetrievalConfig['weights'] {
  if (settings?.reranking_mode !== 'weighted_score') return null;
  const keyword = settings.weights?.keyword_setting?.keyword_weight;
  const vector = settings.weights?.vector_setting?.vector_weight;
  return keyword == null || vector == null ? null : { keyword, vector };
}

function compileCondition({
  name,
  comparison_operator,
  value: given,
}: {
  readonly name: string;
  readonly comparison_operator: string;
  readonly value?: unknown;
}): KnowledgeCondition {
  const value = valueOfPlain(given ?? null);
  const constant =
    value === null ? null : isNumeric(value) ? toDouble(value) : isArray(value) ? value.map((item) => renderText(item)) : undefined;
  return {
    name,
    operator: comparison_operator,
    value: constant === undefined ? { template: compileVariableTemplate(renderText(value)) } : { constant },
  };
}

function warningsOf(data: Data, { datasets, scoreThreshold }: KnowledgeRetrievalConfig): readonly string[] {
  const warnings: string[] = [];
  const settings = data.multiple_retrieval_config;
  if (datasets.length === 0) warnings.push('it names no knowledge base, and finds nothing');
  if (data.retrieval_mode === 'single') warnings.push('no model chooses one of its knowledge bases here: all of them are searched');
  if (settings?.reranking_enable === true && settings.reranking_mode !== 'weighted_score') {
    warnings.push('its passages are not reordered by a rerank model here: they come in the order of the index');
  }
  if (settings?.reranking_mode === 'weighted_score' && (settings.weights?.vector_setting?.vector_weight ?? 0) > 0) {
    warnings.push('the index here searches by words alone: the weight of vectors has no effect');
  }
  if (scoreThreshold !== null && scoreThreshold > 0) {
    warnings.push(
      `its score_threshold ${scoreThreshold} was chosen for the scores of another index: look at those of ./riskflow knowledge search`,
    );
  }
  if (data.metadata_filtering_mode === 'automatic')
    warnings.push('no model makes filters from the question here: all documents are searched');
  if (data.query_attachment_selector != null && data.query_attachment_selector.length > 0) {
    warnings.push('pictures are not searched for here: the question is the text alone');
  }
  return warnings;
}
