import { RiskflowError } from '../../schemas/core.ts';
import type { ChunkSettings } from '../chunks/split-text.ts';
import { blobOf, readManifest, storeDocument, type Blob, type Manifest, type ManifestDocument, type NewDocument } from './dataset.ts';

/** A version of a dataset, to be stored: its blobs, and what changed. */
export type DatasetVersion = {
  /** SHA-256 of its manifest, which is the first of the blobs. */
  readonly version: string;
  readonly blobs: readonly Blob[];
  readonly documents: number;
  readonly passages: number;
  readonly added: number;
  readonly replaced: number;
  readonly unchanged: number;
};

/**
 * A version that holds the documents of the former one and new ones; one that was there under its key is replaced. `former`: its manifest's
 * bytes; null for a new dataset, or to begin anew.
 */
export function addDocuments(
  dataset: string,
  documents: readonly NewDocument[],
  { chunks, former }: { readonly chunks: ChunkSettings; readonly former: Uint8Array | null },
): DatasetVersion {
  const entries = new Map<string, ManifestDocument>(
    (former === null ? [] : readManifest(former).documents).map((entry) => [entry.key, entry]),
  );
  const blobs = new Map<string, Blob>();
  let [added, replaced, unchanged] = [0, 0, 0];
  for (const document of documents) {
    const { entry, blob } = storeDocument(dataset, document, chunks);
    const before = entries.get(entry.key);
    if (before === undefined) added++;
    else if (before.blob === entry.blob && before.name === entry.name) unchanged++;
    else replaced++;
    entries.set(entry.key, entry);
    blobs.set(blob.sha256, blob);
  }
  const manifest: Manifest = { chunks, documents: [...entries.values()] };
  const { documents: all } = manifest;
  if (all.length > MOST_DOCUMENTS) {
    throw new RiskflowError(
      'usage',
      `the dataset "${dataset}" would have ${all.length} documents, and the simple index holds at most ${MOST_DOCUMENTS}`,
    );
  }
  const blob = blobOf({ chunks: { ...manifest.chunks }, documents: all.map((entry) => ({ ...entry })) });
  const passages = all.reduce((sum, entry) => sum + entry.passages, 0);
  return { version: blob.sha256, blobs: [blob, ...blobs.values()], documents: all.length, passages, added, replaced, unchanged };
}

const MOST_DOCUMENTS = 100_000;
