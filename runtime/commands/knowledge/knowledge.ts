import {
  addDocuments,
  datasetId,
  datasetStream,
  DEFAULT_CHUNKS,
  findDataset,
  listDatasets,
  type NewDocument,
} from '../../../knowledge/index.ts';
import { RiskflowError, type KnowledgeImported, type Passage } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { readDocumentFiles, type RejectedDocument } from './document-files.ts';

export type ImportKnowledgeRequest = {
  readonly dataset: string;
  /** Files, or folders of files, from the working folder. */
  readonly paths: readonly string[];
  readonly folder: string;
  /** Characters of a passage, and of its end that the next begins with. */
  readonly chunkSize?: number;
  readonly overlap?: number;
  /** Forget the documents that were there. */
  readonly replace?: boolean;
  /** Import what can be read and report the rest; else one that cannot be read means that nothing is imported. */
  readonly keepValid?: boolean;
  readonly onProgress?: OnProgress;
};

export type ImportedKnowledge = {
  readonly dataset: string;
  readonly id: string;
  readonly version: string;
  readonly documents: number;
  readonly passages: number;
  readonly added: number;
  readonly replaced: number;
  readonly unchanged: number;
  readonly rejected: readonly RejectedDocument[];
  readonly isNew: boolean;
};

/** A sentence. */
const LEAST_CHUNK = 50;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,99}$/u;

/** Imports documents into a dataset. Those that were there stay, unless they have the name of a new one. Importing the same again writes nothing. */
export async function importKnowledge(context: Context, request: ImportKnowledgeRequest): Promise<ImportedKnowledge> {
  const { dataset } = request;
  if (!NAME.test(dataset)) {
    throw new RiskflowError(
      'usage',
      `"${dataset}" cannot be the name of a dataset: it must begin with a letter or digit and hold letters, digits, "_", "-" and "." only, at most 100`,
    );
  }
  const chunks = chunkSettings(request);
  const read = await readDocumentFiles(context.documents, request);
  const [firstRejected] = read.rejected;
  if (firstRejected !== undefined && request.keepValid !== true) {
    throw new RiskflowError('invalid_file', `${firstRejected.path}: ${firstRejected.message}: nothing was imported`, {
      hint: 'with --keep-valid the other documents are imported',
    });
  }
  if (read.documents.length === 0)
    throw new RiskflowError('invalid_file', 'there is no document with text in the files: nothing was imported');
  return store(context, { dataset, chunks, replace: request.replace === true, ...read });
}

function chunkSettings({
  chunkSize = DEFAULT_CHUNKS.size,
  overlap = Math.min(DEFAULT_CHUNKS.overlap, Math.floor(chunkSize / 4)),
}: ImportKnowledgeRequest): {
  readonly size: number;
  readonly overlap: number;
} {
  if (chunkSize < LEAST_CHUNK) {
    throw new RiskflowError('usage', `passages of ${chunkSize} characters are too short to be found: give them ${LEAST_CHUNK} or more`);
  }
  if (overlap * 2 >= chunkSize) {
    throw new RiskflowError('usage', `an overlap of ${overlap} is too much for passages of ${chunkSize} characters`, {
      hint: 'it must be less than half of them',
    });
  }
  return { size: chunkSize, overlap };
}

type Storing = {
  readonly dataset: string;
  readonly documents: readonly NewDocument[];
  readonly chunks: { readonly size: number; readonly overlap: number };
  readonly replace: boolean;
  readonly fileNames: readonly string[];
  readonly rejected: readonly RejectedDocument[];
};

async function store(context: Context, storing: Storing): Promise<ImportedKnowledge> {
  const { dataset, documents, chunks, replace, fileNames, rejected } = storing;
  const { workspaceId, storage } = context;
  const stream = datasetStream(dataset);
  const last = await storage.events.lastOf(workspaceId, stream);
  const current = last?.data as KnowledgeImported['data'] | undefined;
  const former = replace || current === undefined ? null : ((await storage.blobs.read(workspaceId, current.version)) ?? null);
  const { blobs, ...made } = addDocuments(dataset, documents, { chunks, former });
  const isNew = current?.version !== made.version;
  if (isNew) {
    const data: KnowledgeImported['data'] = {
      dataset,
      version: made.version,
      documents: made.documents,
      passages: made.passages,
      fileNames,
      at: context.now(),
    };
    const written = await storage.events.write({
      workspaceId,
      actor: context.actor,
      // Two imports at once must not lose the documents of one.
      appends: [{ log: 'ledger', stream, events: [{ type: 'KnowledgeImported', data }], expected: { version: last?.version ?? 0 } }],
      blobs: blobs.map(({ sha256, bytes }) => ({ sha256, bytes, referrer: stream })),
    });
    if (written.status !== 'written') {
      throw new RiskflowError('conflict', `somebody else imported into the dataset "${dataset}" at the same time: nothing was imported`, {
        hint: 'import again',
      });
    }
  }
  return { dataset, id: datasetId(dataset), ...made, rejected, isNew };
}

export type KnowledgeRow = Pick<ImportedKnowledge, 'dataset' | 'id' | 'version' | 'documents' | 'passages'> & { readonly at: number };

/** The datasets, by name. */
export async function listKnowledge({ storage, workspaceId }: Context): Promise<readonly KnowledgeRow[]> {
  const rows = await listDatasets(storage.events, workspaceId);
  return rows.map(({ dataset, version, documents, passages, at }) => ({
    dataset,
    id: datasetId(dataset),
    version,
    documents,
    passages,
    at,
  }));
}

/** What a knowledge-retrieval node would find. @throws RiskflowError for an unknown dataset */
export async function searchKnowledge(
  { storage, workspaceId, knowledge }: Context,
  { dataset, query, topK }: { readonly dataset: string; readonly query: string; readonly topK: number },
): Promise<readonly Passage[]> {
  if ((await findDataset(storage.events, workspaceId, dataset)) === undefined) {
    throw new RiskflowError('not_found', `there is no dataset "${dataset}"`, {
      hint: './riskflow knowledge list shows those that there are',
    });
  }
  const { signal } = new AbortController();
  const found = await knowledge.retrieve({
    workspaceId,
    datasets: [dataset],
    query,
    topK,
    scoreThreshold: null,
    mode: 'keyword',
    weights: null,
    filter: null,
    signal,
  });
  if (!found.ok) throw new RiskflowError('failed', found.message);
  return found.passages;
}
