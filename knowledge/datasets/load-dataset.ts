import { objectOf, RiskflowError, type BlobStore, type Values } from '../../schemas/core.ts';
import { createWordIndex, type WordIndex } from '../search/word-index.ts';
import { datasetId, readDocument, readManifest } from './dataset.ts';
import type { Dataset } from './find-dataset.ts';

export type LoadedDocument = {
  readonly id: string;
  readonly name: string;
  readonly own: Values;
  /** Own fields and those all documents have. */ readonly fields: Values;
};
export type LoadedPassage = { readonly document: LoadedDocument; /** From 1. */ readonly position: number; readonly content: string };
export type LoadedDataset = {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly passages: readonly LoadedPassage[];
  readonly index: WordIndex;
};

const DOCUMENTS_AT_ONCE = 200;

/** Reads a version of a dataset and makes its index. @throws RiskflowError when a part of it is gone */
export async function loadDataset(
  blobs: Pick<BlobStore, 'read' | 'readMany'>,
  workspaceId: string,
  { dataset, version }: Dataset,
): Promise<LoadedDataset> {
  const bytes = await blobs.read(workspaceId, version);
  if (bytes === undefined) throw gone(dataset);
  const { documents } = readManifest(bytes);
  const passages: LoadedPassage[] = [];
  for (let from = 0; from < documents.length; from += DOCUMENTS_AT_ONCE) {
    const part = documents.slice(from, from + DOCUMENTS_AT_ONCE);
    const stored = await blobs.readMany(workspaceId, [...new Set(part.map(({ blob }) => blob))]);
    for (const { id, name, blob } of part) {
      const content = stored.get(blob);
      if (content === undefined) throw gone(dataset);
      const { metadata, passages: texts } = readDocument(content);
      const fields = objectOf([['document_name', name], ['document_id', id], ...metadata]);
      const document: LoadedDocument = { id, name, own: metadata, fields };
      passages.push(...texts.map((text, i) => ({ document, position: i + 1, content: text })));
    }
  }
  return { id: datasetId(dataset), name: dataset, version, passages, index: createWordIndex(passages.map(({ content }) => content)) };
}

const gone = (dataset: string): RiskflowError =>
  new RiskflowError('failed', `a part of the dataset "${dataset}" is no longer stored`, { hint: 'import its documents again' });
