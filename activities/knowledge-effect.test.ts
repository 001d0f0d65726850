import { describe, expect, it } from 'vitest';
import type { EffectRequest, KnowledgeIndex, RetrieveRequest, RetrieveResult } from '../schemas/index.ts';
import { performKnowledge } from './knowledge-effect.ts';
import { plainOf } from './plain.ts';

const request: Extract<EffectRequest, { kind: 'knowledge-retrieval' }> = {
  kind: 'knowledge-retrieval',
  query: 'q',
  datasets: ['d'],
  topK: 2,
  scoreThreshold: null,
  weights: null,
  filter: null,
};
const found: RetrieveResult = {
  ok: true,
  version: 'v',
  passages: [
    {
      dataset: { id: 'd1', name: 'policies' },
      document: { id: 'o1', name: 'refunds', metadata: { level: 2, rate: { $float: 1 } } },
      segmentId: 's1',
      position: 3,
      content: 'text',
      wordCount: 4,
      hash: 'h',
      score: 1,
    },
  ],
};

async function perform(
  result: RetrieveResult,
  vector = false,
): Promise<{ readonly performed: Awaited<ReturnType<typeof performKnowledge>>; readonly asked: RetrieveRequest[] }> {
  const asked: RetrieveRequest[] = [];
  const knowledge: KnowledgeIndex = { can: { vector, rerank: false }, retrieve: (made) => (asked.push(made), Promise.resolve(result)) };
  return { asked, performed: await performKnowledge(request, { knowledge, workspaceId: 'w' }, { signal: new AbortController().signal }) };
}

describe('a knowledge-retrieval effect', () => {
  it('gives passages with the names that Dify has for all that is known of them', async () => {
    const { performed } = await perform(found);
    expect('outputs' in performed && plainOf(performed.outputs.get('result') ?? null)).toEqual([
      {
        metadata: {
          _source: 'knowledge',
          dataset_id: 'd1',
          dataset_name: 'policies',
          document_id: 'o1',
          document_name: 'refunds',
          data_source_type: 'upload_file',
          segment_id: 's1',
          retriever_from: 'workflow',
          score: 1,
          child_chunks: [],
          segment_hit_count: 0,
          segment_word_count: 4,
          segment_position: 3,
          segment_index_node_hash: 'h',
          doc_metadata: { level: 2, rate: 1 },
          position: 1,
        },
        title: 'refunds',
        files: [],
        content: 'text',
        summary: null,
      },
    ]);
  });

  it('asks for what the index can do, in its own workspace', async () => {
    expect((await perform(found)).asked).toMatchObject([{ workspaceId: 'w', mode: 'keyword', datasets: ['d'], topK: 2 }]);
    expect((await perform(found, true)).asked).toMatchObject([{ mode: 'vector' }]);
  });

  it('hands on why nothing could be found', async () => {
    const { performed } = await perform({ ok: false, message: 'no such dataset', type: 'DatasetNotFoundError', retryable: false });
    expect(performed).toMatchObject({ failure: { message: 'no such dataset', type: 'DatasetNotFoundError', retryable: false } });
  });
});
