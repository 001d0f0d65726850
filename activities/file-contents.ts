import { KEPT_FILE_URL, type FileContent, type FileContents, type KeptFiles, type OutgoingClient } from '../schemas/index.ts';

export type FileContentsDeps = {
  /** URLs of files come from inputs and flows: only the guarded client may fetch them. */
  readonly outgoing: OutgoingClient;
  readonly keptFiles: KeptFiles;
};

const failed = (message: string, retryable = false): FileContent => ({ ok: false, message, type: 'FileFetchError', retryable });

/** Finds what is in a file: at a public address, in its own data URL, or among the files that runs have kept. */
export function createFileContents({ outgoing, keptFiles }: FileContentsDeps): FileContents {
  return {
    read: async ({ name, url }, { signal, maxBytes }) => {
      const what = name === null ? 'the file' : `the file "${name}"`;
      if (url === null || url === '') return failed(`${what} has no URL to fetch it from`);
      if (url.startsWith('data:')) return dataUrl(what, url, maxBytes);
      if (KEPT_FILE_URL.test(url)) {
        const bytes = await keptFiles.read(url);
        if (bytes === undefined) return failed(`the content of ${what} is no longer kept`);
        return bytes.length > maxBytes ? tooLarge(what, maxBytes) : { ok: true, bytes, mimeType: null };
      }
      const result = await outgoing.send({ method: 'GET', url, maxBodyBytes: maxBytes, purpose: 'file', signal });
      if (!result.ok)
        return failed(`${what} could not be fetched: ${result.message}`, result.type === 'connection' || result.type === 'timeout');
      if (result.status !== 200) return failed(`${what} could not be fetched: the answer was ${result.status}`, result.status >= 500);
      const type = result.headers.find(([header]) => header === 'content-type')?.[1];
      return { ok: true, bytes: result.body, mimeType: type?.split(';')[0]?.trim().toLowerCase() ?? null };
    },
  };
}

const tooLarge = (what: string, maxBytes: number): FileContent => failed(`${what} is larger than ${maxBytes} bytes`);

/** RFC 2397, in base64 or with percent signs. */
function dataUrl(what: string, url: string, maxBytes: number): FileContent {
  const match = /^data:([^,;]*)((?:;[^,;]*)*?)(;base64)?,/i.exec(url.slice(0, LONGEST_HEAD));
  if (match === null) return failed(`${what} has a data URL that cannot be read`);
  const [head, type = '', , base64] = match;
  const content = url.slice(head.length);
  // Three bytes for four characters, or a byte for each.
  if (content.length > (base64 === undefined ? maxBytes * 3 : Math.ceil(maxBytes / 3) * 4 + 4)) return tooLarge(what, maxBytes);
  const bytes = base64 === undefined ? percentDecoded(content) : Buffer.from(content, 'base64');
  if (bytes === undefined) return failed(`${what} has a data URL that cannot be read`);
  if (bytes.length > maxBytes) return tooLarge(what, maxBytes);
  return { ok: true, bytes, mimeType: type === '' ? 'text/plain' : type.toLowerCase() };
}

const LONGEST_HEAD = 1024;

function percentDecoded(text: string): Uint8Array | undefined {
  try {
    return Buffer.from(decodeURIComponent(text));
  } catch {
    return undefined;
  }
}
