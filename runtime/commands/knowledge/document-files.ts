import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import type { NewDocument } from '../../../knowledge/index.ts';
import { isObject, messageOf, objectOf, parseJson, RiskflowError, type DocumentReader, type Value } from '../../../schemas/index.ts';
import type { OnProgress } from '../../context.ts';

export type RejectedDocument = { readonly path: string; readonly message: string };
export type ReadDocuments = {
  readonly documents: readonly NewDocument[];
  readonly fileNames: readonly string[];
  readonly rejected: readonly RejectedDocument[];
};

/** A file, by what a person sees of it: its path below the folder that was named, or its name. */
type Place = { readonly path: string; readonly name: string };

/** Event data that is kept names no more files. */
const MOST_NAMES = 100;

/**
 * Reads files, and all files in folders, as documents; of a .jsonl file each line is one: `{"text", "name"?, "id"?, "metadata"?}`.
 * @throws RiskflowError when a path leads nowhere
 */
export async function readDocumentFiles(
  reader: DocumentReader,
  { paths, folder, onProgress }: { readonly paths: readonly string[]; readonly folder: string; readonly onProgress?: OnProgress },
): Promise<ReadDocuments> {
  const places = (await Promise.all(paths.map((path) => placesAt(resolve(folder, path), path)))).flat();
  const documents: NewDocument[] = [];
  const rejected: RejectedDocument[] = [];
  for (const [done, place] of places.entries()) {
    onProgress?.({ label: 'documents', done, total: places.length });
    const bytes = await readFile(place.path);
    const read = extname(place.path).toLowerCase() === '.jsonl' ? readLines(place, bytes) : await readOne(reader, place, bytes);
    documents.push(...read.documents);
    rejected.push(...read.rejected);
  }
  onProgress?.({ label: 'documents', done: places.length, total: places.length });
  return { documents, rejected, fileNames: places.slice(0, MOST_NAMES).map(({ name }) => name) };
}

async function placesAt(absolute: string, given: string): Promise<readonly Place[]> {
  const found = await stat(absolute).catch((cause: unknown) => {
    throw new RiskflowError('not_found', `${given} cannot be read: ${messageOf(cause)}`, { hint: `looked for ${absolute}`, cause });
  });
  if (!found.isDirectory()) return [{ path: absolute, name: basename(absolute) }];
  const entries = await readdir(absolute, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({ path, name: relative(absolute, path).replaceAll('\\', '/') }))
    .filter(({ name }) => !isHidden(name));
}

/** Nobody means what lies in `.git` or `.aws` when they name the folder around it. */
const isHidden = (name: string): boolean => name.split('/').some((part) => part.startsWith('.'));

type Read = Pick<ReadDocuments, 'documents' | 'rejected'>;

async function readOne(reader: DocumentReader, { path, name }: Place, bytes: Uint8Array): Promise<Read> {
  const read = await reader.read({ name, extension: extname(path), mimeType: null, bytes }, { signal: new AbortController().signal });
  if (!read.ok) return { documents: [], rejected: [{ path: name, message: read.message }] };
  if (read.text.trim() === '') return { documents: [], rejected: [{ path: name, message: `the file "${name}" has no text in it` }] };
  return { documents: [{ key: name, name, text: read.text, metadata: objectOf([['source', name]]) }], rejected: [] };
}

function readLines({ name }: Place, bytes: Uint8Array): Read {
  const documents: NewDocument[] = [];
  const rejected: RejectedDocument[] = [];
  for (const [i, line] of new TextDecoder().decode(bytes).split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseJson(line.trim());
    const document = parsed.ok ? lineDocument(parsed.value, `${name}:${i + 1}`, name) : undefined;
    if (document !== undefined) documents.push(document);
    else {
      const why = parsed.ok ? 'it is no object with a "text"' : parsed.error.message;
      rejected.push({ path: `${name}:${i + 1}`, message: `line ${i + 1} of "${name}" is no document: ${why}` });
    }
  }
  return { documents, rejected };
}

function lineDocument(line: Value, place: string, source: string): NewDocument | undefined {
  if (!isObject(line)) return undefined;
  const text = line.get('text') ?? line.get('content');
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const own = line.get('metadata') ?? null;
  const id = line.get('id') ?? null;
  const name = line.get('name') ?? line.get('title') ?? null;
  const key = id === null ? (typeof name === 'string' ? name : place) : String(typeof id === 'object' ? place : id);
  return {
    key,
    name: typeof name === 'string' && name !== '' ? name : key,
    text,
    metadata: objectOf([['source', source], ...(isObject(own) ? own : [])]),
  };
}
