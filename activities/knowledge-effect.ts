import {
  decodeValue,
  isObject,
  NO_USAGE,
  type EffectRequest,
  type KnowledgeIndex,
  type Passage,
  type PerformOptions,
  type Value,
} from '../schemas/index.ts';
import { failedWith, type Performed } from './performed.ts';

type KnowledgeRequest = Extract<EffectRequest, { kind: 'knowledge-retrieval' }>;

/** Asks the index. The passages are as Dify's node gives them: best first, with its names. */
export async function performKnowledge(
  request: KnowledgeRequest,
  { knowledge, workspaceId }: { readonly knowledge: KnowledgeIndex; readonly workspaceId: string },
  { signal }: PerformOptions,
): Promise<Performed> {
  const { query, datasets, topK, scoreThreshold, weights, filter } = request;
  const startedAt = performance.now();
  const mode = !knowledge.can.vector ? 'keyword' : weights === null ? 'vector' : 'hybrid';
  const found = await knowledge.retrieve({ workspaceId, datasets, query, topK, scoreThreshold, mode, weights, filter, signal });
  if (!found.ok) return failedWith(found.type, found.message, found.retryable);
  const result = found.passages.map((passage, i) => passageValue(passage, i + 1));
  return { outputs: new Map<string, Value>([['result', result]]), usage: NO_USAGE, elapsedMs: performance.now() - startedAt };
}

function passageValue({ dataset, document, ...passage }: Passage, position: number): Value {
  const own = decodeValue(document.metadata);
  const metadata = new Map<string, Value>([
    ['_source', 'knowledge'],
    ['dataset_id', dataset.id],
    ['dataset_name', dataset.name],
    ['document_id', document.id],
    ['document_name', document.name],
    ['data_source_type', 'upload_file'],
    ['segment_id', passage.segmentId],
    ['retriever_from', 'workflow'],
    ['score', scoreValue(passage.score)],
    ['child_chunks', []],
    // Nothing counts how often a passage was found.
    ['segment_hit_count', 0],
    ['segment_word_count', passage.wordCount],
    ['segment_position', passage.position],
    ['segment_index_node_hash', passage.hash],
    ['doc_metadata', isObject(own) ? own : new Map<string, Value>()],
    ['position', position],
  ]);
  return new Map<string, Value>([
    ['metadata', metadata],
    ['title', document.name],
    ['files', []],
    ['content', passage.content],
    ['summary', null],
  ]);
}

/** A score is a float also when it is 1. */
const scoreValue = (score: number): Value => (Number.isInteger(score) ? { float: score } : score);
