import { createHash } from 'node:crypto';
import { decodeValues, encodeValues, RiskflowError, type Json, type Values } from '../../schemas/core.ts';
import { splitText, type ChunkSettings } from '../chunks/split-text.ts';

/** A document to be searched. */
export type NewDocument = {
  /** Tells it from others in its dataset; one that is imported again under its key replaces the former. */
  readonly key: string;
  readonly name: string;
  readonly text: string;
  readonly metadata: Values;
};

/** What a dataset's version holds, as its blob has it. */
export type Manifest = {
  readonly chunks: ChunkSettings;
  readonly documents: readonly ManifestDocument[];
};
export type ManifestDocument = {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the blob that holds its passages. */
  readonly blob: string;
  readonly passages: number;
};
export type StoredDocument = { readonly metadata: Values; readonly passages: readonly string[] };

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** An id in the form of a UUID that is the same for the same names everywhere. */
export function idOf(...names: readonly string[]): string {
  const digest = sha256(JSON.stringify(names));
  return [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `a${digest.slice(17, 20)}`, digest.slice(20, 32)].join('-');
}

export const datasetId = (name: string): string => idOf('dataset', name);

export type Blob = { readonly sha256: string; readonly bytes: Uint8Array };
export const blobOf = (json: Json): Blob => {
  const bytes = new TextEncoder().encode(JSON.stringify(json));
  return { sha256: sha256(bytes), bytes };
};

/** Cuts a document into passages. */
export function storeDocument(
  dataset: string,
  document: NewDocument,
  settings: ChunkSettings,
): { readonly entry: ManifestDocument; readonly blob: Blob } {
  const passages = splitText(document.text, settings);
  const blob = blobOf({ metadata: encodeValues(document.metadata), passages });
  const { key, name } = document;
  return { entry: { key, id: idOf('document', dataset, key), name, blob: blob.sha256, passages: passages.length }, blob };
}

const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** @throws RiskflowError when it is damaged */
export function readDocument(bytes: Uint8Array): StoredDocument {
  const json = parse(bytes) as { readonly metadata?: Json; readonly passages?: readonly string[] };
  if (!Array.isArray(json.passages)) throw new RiskflowError('internal', 'a document of a dataset is damaged');
  return { metadata: decodeValues(json.metadata ?? {}), passages: json.passages };
}

/** @throws RiskflowError when it is damaged */
export function readManifest(bytes: Uint8Array): Manifest {
  const json = parse(bytes) as Manifest;
  if (!Array.isArray(json.documents)) throw new RiskflowError('internal', 'the list of the documents of a dataset is damaged');
  return json;
}
