import { isObject, type ObjectValue, type Value } from '../../schemas/core.ts';
import type { EasyModel } from './easy-prompt.ts';
import { at, listAt, textAt } from './value-reading.ts';
import { toYamlPlain, type YamlPlain } from './yaml-values.ts';

/** The knowledge bases of an app without a graph, as a knowledge-retrieval node; null when it asks none. */
export function easyDatasets(
  config: ObjectValue,
  { isChat, model }: { readonly isChat: boolean; readonly model: EasyModel },
): Readonly<Record<string, YamlPlain>> | null {
  const ids = datasetIds(config);
  if (ids.length === 0) return null;
  const variable = textAt(config, 'dataset_query_variable');
  if (!isChat && variable === '') return null;
  const single = textAt(config, 'dataset_configs', 'retrieval_model') === 'single';
  const settings = (...names: readonly string[]): YamlPlain =>
    Object.fromEntries(
      names.flatMap((name): readonly (readonly [string, YamlPlain])[] => {
        const value = at(config, 'dataset_configs', name);
        return value === null ? [] : [[name, toYamlPlain(value)]];
      }),
    );
  return {
    title: 'KNOWLEDGE RETRIEVAL',
    type: 'knowledge-retrieval',
    query_variable_selector: isChat ? ['sys', 'query'] : ['start', variable],
    dataset_ids: ids,
    retrieval_mode: single ? 'single' : 'multiple',
    ...(single
      ? { single_retrieval_config: { model: model.data } }
      : {
          multiple_retrieval_config: settings(
            'top_k',
            'score_threshold',
            'reranking_enable',
            'reranking_mode',
            'reranking_model',
            'weights',
          ),
        }),
  };
}

/** New files have them under dataset_configs, old ones as tools of the agent. */
function datasetIds(config: ObjectValue): readonly string[] {
  const listed = listAt(config, 'dataset_configs', 'datasets', 'datasets');
  const tools = listAt(config, 'agent_mode', 'tools');
  const idOf = (item: Value): readonly string[] => {
    const dataset = at(item, 'dataset');
    if (!isObject(dataset) || at(dataset, 'enabled') === false) return [];
    const id = textAt(dataset, 'id');
    return id === '' ? [] : [id];
  };
  return [...new Set([...listed, ...tools].flatMap(idOf))];
}
