import { describe, expect, it } from 'vitest';
import {
  DEFAULT_DOCUMENT_LIMITS,
  type DocumentBytes,
  type DocumentReader,
  type FileContents,
  type FileDescriptor,
} from '../schemas/index.ts';
import { performDocument } from './document-effect.ts';

const file = (name: string, mimeType: string | null = null): FileDescriptor => ({
  name,
  extension: null,
  mimeType,
  transferMethod: 'remote_url',
  url: `https://x/${name}`,
  relatedId: null,
});
const options = { signal: new AbortController().signal };

/** Files hold their name; one named `gone` cannot be had. What is read is told. */
function rig(): { readonly read: DocumentBytes[]; readonly files: FileContents; readonly documents: DocumentReader } {
  const read: DocumentBytes[] = [];
  return {
    read,
    files: {
      read: ({ name }) =>
        Promise.resolve(
          name === 'gone'
            ? { ok: false, message: 'the server does not answer', type: 'FileFetchError', retryable: true }
            : { ok: true, bytes: new TextEncoder().encode(name ?? ''), mimeType: 'text/csv' },
        ),
    },
    documents: {
      limits: { ...DEFAULT_DOCUMENT_LIMITS, maxTextLength: 8 },
      read: (document) => {
        read.push(document);
        const text = new TextDecoder().decode(document.bytes);
        return Promise.resolve(text === 'bad' ? { ok: false, message: 'it is damaged', type: 'TextExtractionError' } : { ok: true, text });
      },
      close: () => Promise.resolve(),
    },
  };
}

async function perform(
  many: boolean,
  ...files: readonly FileDescriptor[]
): Promise<{ readonly result: unknown; readonly read: readonly DocumentBytes[] }> {
  const deps = rig();
  const performed = await performDocument({ kind: 'document-extractor', files, many }, deps, options);
  return { result: 'failure' in performed ? performed.failure : Object.fromEntries(performed.outputs), read: deps.read };
}

describe('a document-extractor effect', () => {
  it('gives a text for a file and a list for a list', async () => {
    expect((await perform(false, file('one'))).result).toEqual({ text: 'one' });
    expect((await perform(true, file('one'))).result).toEqual({ text: ['one'] });
    expect((await perform(true, file('a'), file('b'))).result).toEqual({ text: ['a', 'b'] });
  });

  it('asks the server for the type of a file that does not tell it', async () => {
    const { read } = await perform(true, file('a'), file('b', 'application/octet-stream'), file('c', 'text/plain'));
    expect(read.map(({ mimeType }) => mimeType)).toEqual(['text/csv', 'text/csv', 'text/plain']);
  });

  it('fails with the first file that cannot be had or read, and reads none after it', async () => {
    const gone = await perform(true, file('a'), file('gone'), file('b'));
    expect(gone.result).toEqual({ type: 'FileFetchError', message: 'the server does not answer', retryable: true });
    expect(gone.read).toHaveLength(1);
    const bad = await perform(true, file('bad'), file('b'));
    expect(bad.result).toEqual({ type: 'TextExtractionError', message: 'it is damaged', retryable: false });
    expect(bad.read).toHaveLength(1);
  });

  it('keeps no more text of all files together than one may have', async () => {
    expect((await perform(true, file('12345'), file('6789'))).result).toMatchObject({
      type: 'DocumentTooLargeError',
      message: expect.stringContaining('more than 8 characters (setting documents.maxTextLength)') as string,
    });
  });
});
