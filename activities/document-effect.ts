import {
  NO_USAGE,
  type DocumentReader,
  type EffectRequest,
  type FileContents,
  type FileDescriptor,
  type PerformOptions,
  type Value,
} from '../schemas/index.ts';
import { failedWith, type Performed } from './performed.ts';

export type DocumentDeps = { readonly files: FileContents; readonly documents: DocumentReader };

type DocumentRequest = Extract<EffectRequest, { kind: 'document-extractor' }>;

/** Fetches files one after another and reads them as text. The first that cannot be had or read fails the node. */
export async function performDocument(
  { files, many }: DocumentRequest,
  { files: contents, documents }: DocumentDeps,
  { signal, slot }: PerformOptions,
): Promise<Performed> {
  const startedAt = performance.now();
  const { maxFileBytes, maxTextLength } = documents.limits;
  const texts: string[] = [];
  let length = 0;
  for (const file of files) {
    // What lies here already is no call to outside.
    if (file.url?.startsWith('data:') !== true) await slot?.take(signal);
    const content = await contents.read(file, { signal, maxBytes: maxFileBytes });
    if (!content.ok) return failedWith(content.type, content.message, content.retryable);
    const { bytes } = content;
    const document = { ...file, mimeType: isTelling(file.mimeType) ? file.mimeType : content.mimeType, bytes };
    const read = await documents.read(document, { signal });
    if (!read.ok) return failedWith(read.type, read.message);
    length += read.text.length;
    if (length > maxTextLength) return failedWith('DocumentTooLargeError', tooLong(files, maxTextLength));
    texts.push(read.text);
  }
  const text: Value = many ? texts : (texts[0] ?? '');
  return { outputs: new Map([['text', text]]), usage: NO_USAGE, elapsedMs: performance.now() - startedAt };
}

const tooLong = (files: readonly FileDescriptor[], most: number): string =>
  `the texts of its ${files.length} files together have more than ${most} characters (setting documents.maxTextLength): give it fewer at a time`;

/** Dify's default says nothing of a file. */
const isTelling = (mimeType: string | null): boolean => mimeType !== null && mimeType !== 'application/octet-stream';
