import { describe, expect, it } from 'vitest';
import type { Value } from '../../../schemas/core.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import { secretPlaceholder } from '../../text/index.ts';
import { compileKnowledgeRetrieval } from './compile.ts';
import { startKnowledgeRetrieval } from './start.ts';

type Data = Readonly<Record<string, YamlPlain>>;
const base = { type: 'knowledge-retrieval', query_variable_selector: ['start', 'q'], dataset_ids: ['a', 'b'], retrieval_mode: 'multiple' };

function start(data: Data, pool: Readonly<Record<string, Value>> = { q: 'spam', area: 'chat' }): unknown {
  const compiled = compileKnowledgeRetrieval({ ...base, ...data });
  if (!compiled.ok || compiled.behaviour.kind !== 'knowledge-retrieval') return compiled.ok ? '' : compiled.message;
  const outcome = startKnowledgeRetrieval(compiled.behaviour.config, { lookup: ([, name = '']) => pool[name], modelMap: {} });
  if (outcome.kind === 'effect') return outcome.request;
  return outcome.kind === 'finished' ? Object.fromEntries(outcome.outputs) : outcome.kind === 'failed' ? outcome.error : null;
}

const request = {
  kind: 'knowledge-retrieval',
  query: 'spam',
  datasets: ['a', 'b'],
  topK: 4,
  scoreThreshold: null,
  weights: null,
  filter: null,
};

describe('a knowledge-retrieval node', () => {
  it.each<readonly [string, Data, Data]>([
    ['asks with the defaults of Dify', {}, {}],
    ['asks with its own settings', { multiple_retrieval_config: { top_k: 7n, score_threshold: 0.5 } }, { topK: 7, scoreThreshold: 0.5 }],
    ['reads numbers from text, within bounds', { multiple_retrieval_config: { top_k: '1000' } }, { topK: 100 }],
    ['has no threshold that is switched off', { multiple_retrieval_config: { score_threshold: 0.5, score_threshold_enabled: false } }, {}],
    [
      'hands on the weights of a weighted score',
      {
        multiple_retrieval_config: {
          reranking_mode: 'weighted_score',
          weights: { vector_setting: { vector_weight: 0.7 }, keyword_setting: { keyword_weight: 0.3 } },
        },
      },
      { weights: { keyword: 0.3, vector: 0.7 } },
    ],
    [
      'fills variables into its filter',
      {
        metadata_filtering_mode: 'manual',
        metadata_filtering_conditions: {
          logical_operator: 'or',
          conditions: [
            { name: 'area', comparison_operator: 'is', value: '{{#start.area#}}' },
            { name: 'level', comparison_operator: '>', value: 2n },
            { name: 'area', comparison_operator: 'in', value: ['x'] },
            { name: 'area', comparison_operator: 'empty' },
          ],
        },
      },
      {
        filter: {
          logic: 'or',
          conditions: [
            { name: 'area', operator: 'is', value: 'chat' },
            { name: 'level', operator: '>', value: 2 },
            { name: 'area', operator: 'in', value: ['x'] },
            { name: 'area', operator: 'empty', value: null },
          ],
        },
      },
    ],
    [
      'has no filter that is switched off',
      { metadata_filtering_mode: 'disabled', metadata_filtering_conditions: { conditions: [{ name: 'a', comparison_operator: 'is' }] } },
      {},
    ],
  ])('%s', (_, data, wanted) => expect(start(data)).toEqual({ ...request, ...wanted }));

  it('finds nothing for an empty question, and asks nobody', () => {
    expect(start({}, { q: '' })).toEqual({ result: [] });
    expect(start({}, { q: null })).toEqual({ result: [] });
    expect(start({ query_variable_selector: null })).toEqual({ result: [] });
  });

  it('hands on secrets as placeholders, and takes none from a text that looks like one', () => {
    const key = { secret: 'KEY', version: '1' };
    const filter = {
      metadata_filtering_mode: 'manual',
      metadata_filtering_conditions: { conditions: [{ name: 'a', comparison_operator: 'is', value: '{{#start.area#}}' }] },
    };
    const asked = start(filter, { q: key, area: key });
    expect(asked).toMatchObject({ query: secretPlaceholder(key), filter: { conditions: [{ value: secretPlaceholder(key) }] } });
    expect(start({}, { q: `a${secretPlaceholder(key)}` })).toMatchObject({ query: 'a\ufffdKEY\ufffd1\ufffd' });
  });

  it('fails for a question that is no text or does not exist', () => {
    expect(start({}, { q: 3 })).toMatchObject({ message: 'the query variable start.q is not a text' });
    expect(start({}, {})).toMatchObject({ message: 'the query variable start.q does not exist at this point of the flow' });
  });

  it.each<readonly [Data, readonly string[]]>([
    [{}, []],
    [{ dataset_ids: [] }, ['names no knowledge base']],
    [{ retrieval_mode: 'single' }, ['no model chooses']],
    [{ multiple_retrieval_config: { reranking_enable: true, reranking_mode: 'reranking_model' } }, ['rerank model']],
    [
      { multiple_retrieval_config: { reranking_mode: 'weighted_score', weights: { vector_setting: { vector_weight: 1n } } } },
      ['the weight of vectors'],
    ],
    [{ multiple_retrieval_config: { score_threshold: 0.3 } }, ['score_threshold 0.3']],
    [{ metadata_filtering_mode: 'automatic', query_attachment_selector: ['sys', 'files'] }, ['makes filters', 'pictures']],
  ])('warns of what is done without (row %#)', (data, wanted) => {
    const compiled = compileKnowledgeRetrieval({ ...base, ...data });
    expect(compiled.ok && compiled.warnings).toEqual(wanted.map((part) => expect.stringContaining(part) as string));
  });
});
