import { isSecretRef, type MetadataCondition, type SecretRef, type Value, type Values } from '../../../schemas/core.ts';
import { EMPTY, failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { renderTemplate, renderText } from '../../text/index.ts';
import type { Reads } from '../node-kind.ts';
import type { KnowledgeCondition, KnowledgeRetrievalConfig } from './config.ts';

/** Asks for the passages that answer the query. An empty one finds nothing, and nobody is asked. Secrets stay placeholders. */
export function startKnowledgeRetrieval(config: KnowledgeRetrievalConfig, { lookup }: NodeContext): NodeOutcome {
  const name = config.query.join('.');
  const secrets: SecretRef[] = [];
  const asked = config.query.length === 0 ? null : lookup(config.query);
  if (asked === undefined) return refused(EMPTY, `the query variable ${name} does not exist at this point of the flow`);
  if (isSecret(asked)) secrets.push(asked);
  const query = isSecret(asked) || typeof asked === 'string' ? renderText(asked) : asked;
  const inputs: Values = new Map([['query', query]]);
  if (query === null || query === '') return finished(inputs, new Map<string, Value>([['result', []]]));
  if (typeof query !== 'string') return refused(inputs, `the query variable ${name} is not a text`);
  const { datasets, topK, scoreThreshold, weights, filter } = config;
  const resolve = ({ name: field, operator, value }: KnowledgeCondition): MetadataCondition => {
    if (!('template' in value)) return { name: field, operator, value: value.constant };
    const rendered = renderTemplate(value.template, lookup, 'text');
    secrets.push(...rendered.secrets);
    return { name: field, operator, value: rendered.text };
  };
  return {
    kind: 'effect',
    inputs,
    secrets,
    request: {
      kind: 'knowledge-retrieval',
      query,
      datasets,
      topK,
      scoreThreshold,
      weights,
      filter: filter && { logic: filter.logic, conditions: filter.conditions.map(resolve) },
    },
  };
}

const isSecret = (value: Value): value is SecretRef => typeof value === 'object' && value !== null && isSecretRef(value);
const refused = (inputs: Values, message: string): NodeOutcome => failed(inputs, 'KnowledgeRetrievalNodeError', message);

export const readsOfKnowledgeRetrieval = ({ query, filter }: KnowledgeRetrievalConfig): Reads => ({
  selectors: query.length === 0 ? [] : [query],
  templates: (filter?.conditions ?? []).flatMap(({ value }) => ('template' in value ? [value.template] : [])),
});
