import { randomUUID } from 'node:crypto';
import type { HeaderList, OutgoingBody, OutgoingPart } from '../../schemas/index.ts';

/** A body as bytes, and the headers it brings. */
export function requestBody(body: OutgoingBody | undefined): { readonly bytes: Uint8Array | null; readonly headers: HeaderList } {
  if (body === undefined) return { bytes: null, headers: [] };
  if (body.kind === 'bytes') return { bytes: body.bytes, headers: [] };
  // Random, so that no part can hold it on purpose.
  const boundary = `riskflow-${randomUUID()}`;
  return { bytes: multipart(body.parts, boundary), headers: [['content-type', `multipart/form-data; boundary=${boundary}`]] };
}

/** RFC 7578, with names spelled as browsers do (https://html.spec.whatwg.org/#multipart-form-data). */
function multipart(parts: readonly OutgoingPart[], boundary: string): Uint8Array {
  const pieces = parts.flatMap((part): (string | Uint8Array)[] => {
    const name = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(part.name)}"`;
    if ('text' in part) return [`${name}\r\n\r\n`, part.text, '\r\n'];
    const type = part.contentType.replace(/[\r\n]/g, '');
    return [`${name}; filename="${quoted(part.filename)}"\r\nContent-Type: ${type}\r\n\r\n`, part.bytes, '\r\n'];
  });
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

const quoted = (name: string): string => name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
