import { jsonrepair } from 'jsonrepair';
import {
  parseJson,
  toJsonText,
  type FileDescriptor,
  type HttpRequestEffect,
  type OutgoingBody,
  type OutgoingPart,
} from '../schemas/index.ts';
import { refused, type HttpDeps, type Prepared } from './http-deps.ts';

type RequestBody = { readonly body: OutgoingBody | undefined; readonly contentType: string | null };

/** The body of a request with the files that go into it. */
export async function bodyOf(body: HttpRequestEffect['body'], deps: HttpDeps, signal: AbortSignal): Promise<Prepared<RequestBody>> {
  switch (body.kind) {
    case 'none':
      return { ok: true, value: { body: undefined, contentType: null } };
    case 'raw-text':
      return { ok: true, value: { body: bytesOf(body.text), contentType: 'text/plain' } };
    case 'json': {
      const json = mendedJson(body.text);
      return json === undefined
        ? refused('RequestBodyError', 'the body is not JSON and cannot be mended: look at what its variables hold')
        : { ok: true, value: { body: bytesOf(json), contentType: 'application/json' } };
    }
    case 'x-www-form-urlencoded': {
      const form = new URLSearchParams(body.fields.map(([name, value]): [string, string] => [name, value])).toString();
      return { ok: true, value: { body: bytesOf(form), contentType: 'application/x-www-form-urlencoded' } };
    }
    case 'binary': {
      const file = await readFile(body.file, deps, signal);
      return file.ok ? { ok: true, value: { body: { kind: 'bytes', bytes: file.value }, contentType: null } } : file;
    }
    case 'form-data': {
      const parts: OutgoingPart[] = [];
      for (const part of body.parts) {
        if ('text' in part) {
          parts.push(part);
          continue;
        }
        const file = await readFile(part.file, deps, signal);
        if (!file.ok) return file;
        const filename = part.file.name ?? part.file.relatedId ?? 'file';
        parts.push({ name: part.name, filename, contentType: part.file.mimeType ?? 'application/octet-stream', bytes: file.value });
      }
      return { ok: true, value: { body: { kind: 'multipart', parts }, contentType: null } };
    }
  }
}

const bytesOf = (text: string): OutgoingBody => ({ kind: 'bytes', bytes: Buffer.from(text) });

async function readFile(file: FileDescriptor, { files, httpLimits }: HttpDeps, signal: AbortSignal): Promise<Prepared<Uint8Array>> {
  const content = await files.read(file, { signal, maxBytes: httpLimits.maxBinaryBytes });
  return content.ok ? { ok: true, value: content.bytes } : refused('FileFetchError', content.message);
}

/**
 * JSON as Dify sends it: without blanks, mended where variables broke it (quotes, commas, brackets that are missing). Nothing for nothing.
 * Undefined where it cannot be mended.
 */
export function mendedJson(text: string): string | undefined {
  if (text.trim() === '') return '';
  const exact = parseJson(text);
  if (exact.ok) return toJsonText(exact.value);
  try {
    const mended = parseJson(jsonrepair(text));
    return mended.ok ? toJsonText(mended.value) : undefined;
  } catch {
    // It says that it cannot; or the text is nested too deep for it.
    return undefined;
  }
}
