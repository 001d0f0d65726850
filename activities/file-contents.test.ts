import { describe, expect, it } from 'vitest';
import type { FileDescriptor, OutgoingClient, OutgoingRequest, OutgoingResult } from '../schemas/index.ts';
import { createFileContents } from './file-contents.ts';

const KEPT = `blob:${'a'.repeat(64)}`;
const signal = new AbortController().signal;

function read(url: string | null, { maxBytes = 10, answer }: { readonly maxBytes?: number; readonly answer?: OutgoingResult } = {}) {
  const sent: OutgoingRequest[] = [];
  const outgoing: OutgoingClient = {
    send: (request) => {
      sent.push(request);
      return Promise.resolve(answer ?? { ok: false, type: 'refused', message: 'it is not let out', reason: '' });
    },
    trusting: () => outgoing,
    close: () => Promise.resolve(),
  };
  const keptFiles = {
    keep: () => Promise.resolve(KEPT),
    read: (name: string) => Promise.resolve(name === KEPT ? Buffer.from('kept') : undefined),
  };
  const file: FileDescriptor = { name: 'a.txt', extension: null, mimeType: null, transferMethod: null, url, relatedId: null };
  return createFileContents({ outgoing, keptFiles })
    .read(file, { signal, maxBytes })
    .then((content) => ({ content: content.ok ? { ...content, bytes: Buffer.from(content.bytes).toString() } : content, sent }));
}

describe('the content of a file', () => {
  it.each([
    [KEPT, 'kept', null],
    ['data:text/html;charset=utf-8;base64,PGI+', '<b>', 'text/html'],
    ['data:,a%20b', 'a b', 'text/plain'],
  ])('at %s is there', async (url, bytes, mimeType) => {
    expect(await read(url)).toEqual({ content: { ok: true, bytes, mimeType }, sent: [] });
  });

  it('at an address is fetched by the guarded client alone, which is told the limit', async () => {
    const answer: OutgoingResult = {
      ok: true,
      status: 200,
      headers: [['content-type', 'Image/PNG; x=y']],
      body: Buffer.from('png'),
      finalUrl: 'https://f.test/',
      hops: 0,
    };
    const { content, sent } = await read('https://f.test/a?b', { answer });
    expect(content).toEqual({ ok: true, bytes: 'png', mimeType: 'image/png' });
    expect(sent).toMatchObject([{ method: 'GET', url: 'https://f.test/a?b', maxBodyBytes: 10, purpose: 'file' }]);
    expect((await read('https://f.test/', { answer: { ...answer, status: 503 } })).content).toMatchObject({
      ok: false,
      retryable: true,
      message: 'the file "a.txt" could not be fetched: the answer was 503',
    });
  });

  it.each([
    [null, 'has no URL'],
    ['', 'has no URL'],
    [`blob:${'b'.repeat(64)}`, 'is no longer kept'],
    ['file:///etc/passwd', 'is not let out'],
    ['data:nothing', 'cannot be read'],
    ['data:,%zz', 'cannot be read'],
    ['data:,aaaaaaaaaaaaaaa', 'is larger than 10 bytes'],
    [`data:;base64,${Buffer.from('x'.repeat(11)).toString('base64')}`, 'is larger than 10 bytes'],
    [`data:;base64,${'A'.repeat(1 << 20)}`, 'is larger than 10 bytes'],
  ])('at %s is none', async (url, words) => {
    expect((await read(url)).content).toMatchObject({
      ok: false,
      type: 'FileFetchError',
      message: expect.stringContaining(words) as string,
    });
  });

  it('that is kept and too large is none', async () => {
    expect((await read(KEPT, { maxBytes: 3 })).content).toMatchObject({ ok: false, message: 'the file "a.txt" is larger than 3 bytes' });
  });
});
