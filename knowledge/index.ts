/** Documents, their text and their passages, and how passages are found. */
export { createDocumentReader, type DocumentReaderOptions } from './documents/document-reader.ts';
export { DEFAULT_CHUNKS, type ChunkSettings } from './chunks/split-text.ts';
export { addDocuments, type DatasetVersion } from './datasets/add-documents.ts';
export { datasetId, type NewDocument } from './datasets/dataset.ts';
export { datasetStream, findDataset, listDatasets, type Dataset } from './datasets/find-dataset.ts';
export { createStoredIndex, type StoredIndexDeps } from './stored-index.ts';
