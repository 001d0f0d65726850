import type { MetadataCondition, Value, Values } from '../../../schemas/core.ts';
import { EMPTY, failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { renderTemplate } from '../../text/index.ts';
import type { Reads } from '../node-kind.ts';
import type { KnowledgeCondition, KnowledgeRetrievalConfig } from './config.ts';

/** Asks for the passages that answer the query. An empty one finds nothing, and nobody is asked. */
export function startKnowledgeRetrieval(config: KnowledgeRetrievalConfig, { lookup }: NodeContext): NodeOutcome {
  const name = config.query.join('.');
  const query = config.query.length === 0 ? null : lookup(config.query);
  if (query === undefined) return refused(EMPTY, `the query variable ${name} does not exist at this point of the flow`);
  const inputs: Values = new Map([['query', query]]);
  if (query === null || query === '') return finished(inputs, new Map<string, Value>([['result', []]]));
  if (typeof query !== 'string') return refused(inputs, `the query variable ${name} is not a text`);
  const { datasets, topK, scoreThreshold, weights, filter } = config;
  return {
    kind: 'effect',
    inputs,
    secrets: [],
    request: {
      kind: 'knowledge-retrieval',
      query,
      datasets,
      topK,
      scoreThreshold,
      weights,
      filter: filter && { logic: filter.logic, conditions: filter.conditions.map((condition) => resolve(condition, lookup)) },
    },
  };
}

const refused = (inputs: Values, message: string): NodeOutcome => failed(inputs, 'KnowledgeRetrievalNodeError', message);

const resolve = ({ name, operator, value }: KnowledgeCondition, lookup: NodeContext['lookup']): MetadataCondition => ({
  name,
  operator,
  value: 'template' in value ? renderTemplate(value.template, lookup, 'text').text : value.constant,
});

export const readsOfKnowledgeRetrieval = ({ query, filter }: KnowledgeRetrievalConfig): Reads => ({
  selectors: query.length === 0 ? [] : [query],
  templates: (filter?.conditions ?? []).flatMap(({ value }) => ('template' in value ? [value.template] : [])),
});
