import { createHash } from 'node:crypto';
import {
  encodeValues,
  messageOf,
  type BlobStore,
  type EventStore,
  type KnowledgeIndex,
  type Passage,
  type RetrieveRequest,
  type RetrieveResult,
} from '../schemas/core.ts';
import { idOf } from './datasets/dataset.ts';
import { findDataset, listDatasets, type Dataset } from './datasets/find-dataset.ts';
import { loadDataset, type LoadedDataset, type LoadedPassage } from './datasets/load-dataset.ts';
import { metadataFilter } from './search/metadata-filter.ts';

export type StoredIndexDeps = {
  readonly events: Pick<EventStore, 'lastOf' | 'readTypes' | 'head'>;
  readonly blobs: Pick<BlobStore, 'read' | 'readMany'>;
};

/** Datasets whose index is kept in memory. */
const MOST_LOADED = 8;

/**
 * Searches by words in datasets that lie in the storage: for some ten thousand passages. Scores lie between 0 and 1 (see `WordIndex`). An
 * index is made when a version of a dataset is first searched, and kept until newer ones push it out.
 */
export function createStoredIndex({ events, blobs }: StoredIndexDeps): KnowledgeIndex {
  const loaded = new Map<string, Promise<LoadedDataset>>();
  const load = (workspaceId: string, dataset: Dataset): Promise<LoadedDataset> => {
    const key = JSON.stringify([workspaceId, dataset.dataset, dataset.version]);
    const known = loaded.get(key) ?? loadDataset(blobs, workspaceId, dataset);
    // Taken out and put in again: the first is the one that was used longest ago.
    loaded.delete(key);
    loaded.set(key, known);
    known.catch(() => loaded.delete(key));
    const [oldest] = loaded.keys();
    if (loaded.size > MOST_LOADED && oldest !== undefined) loaded.delete(oldest);
    return known;
  };
  return {
    can: { vector: false, rerank: false },
    async retrieve(request) {
      request.signal.throwIfAborted();
      try {
        const found: LoadedDataset[] = [];
        for (const name of new Set(request.datasets)) {
          const dataset = await findDataset(events, request.workspaceId, name);
          if (dataset === undefined) return unknownDataset(name, await listDatasets(events, request.workspaceId));
          // One may be named twice, by its name and its id.
          if (!found.some(({ name: known }) => known === dataset.dataset)) found.push(await load(request.workspaceId, dataset));
        }
        request.signal.throwIfAborted();
        return search(found, request);
      } catch (error) {
        request.signal.throwIfAborted();
        return failure(`the knowledge base could not be searched: ${messageOf(error)}`, 'KnowledgeRetrievalNodeError', true);
      }
    },
  };
}

const failure = (message: string, type: string, retryable = false): RetrieveResult => ({ ok: false, message, type, retryable });

function unknownDataset(name: string, known: readonly Dataset[]): RetrieveResult {
  const names = known.slice(0, 10).map(({ dataset }) => `"${dataset}"`);
  const there = names.length === 0 ? 'there is none yet' : `there are ${names.join(', ')}`;
  return failure(
    `there is no dataset "${name}" here (${there}): import documents with ./riskflow knowledge import NAME FILE… and map the id under "datasets"`,
    'DatasetNotFoundError',
  );
}

type Scored = { readonly dataset: LoadedDataset; readonly passage: LoadedPassage; readonly score: number };

function search(datasets: readonly LoadedDataset[], { query, topK, scoreThreshold, filter }: RetrieveRequest): RetrieveResult {
  const check = filter === null ? null : metadataFilter(filter);
  if (check?.ok === false) return failure(check.message, 'KnowledgeRetrievalNodeError');
  const scored = datasets.flatMap((dataset): readonly Scored[] => {
    const allowed = (at: number): boolean => {
      const passage = dataset.passages[at];
      return passage !== undefined && (check === null || check.passes(passage.document.fields));
    };
    // In the order of the documents, which decides between equal scores.
    return Array.from(dataset.index.search(query, allowed))
      .toSorted(([a], [b]) => a - b)
      .flatMap(([at, score]): readonly Scored[] => {
        const passage = dataset.passages[at];
        return passage === undefined || score < (scoreThreshold ?? 0) ? [] : [{ dataset, passage, score }];
      });
  });
  const best = scored.toSorted((a, b) => b.score - a.score).slice(0, topK);
  return { ok: true, passages: best.map(toPassage), version: datasets.map(({ version }) => version).join(',') };
}

const toPassage = ({ dataset, passage: { document, position, content }, score }: Scored): Passage => ({
  dataset: { id: dataset.id, name: dataset.name },
  document: { id: document.id, name: document.name, metadata: encodeValues(document.own) },
  segmentId: idOf('segment', dataset.name, document.id, String(position)),
  position,
  content,
  wordCount: content.length,
  hash: createHash('sha256').update(content).digest('hex'),
  score,
});
