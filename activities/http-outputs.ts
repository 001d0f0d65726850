import { integer, MASK, textMasker, type HeaderList, type OutgoingHead, type Value } from '../schemas/index.ts';
import { fileNameOf, isFileContent, kindOfHead, mediaType, textOfBody } from './http-answer.ts';
import { refused, type HttpDeps, type HttpLimits, type Prepared } from './http-deps.ts';
import { fileValue } from './http-file.ts';

/** Bytes that an answer may have, by what its headers say it is. */
export const limitFor = ({ headers }: OutgoingHead, { maxTextBytes, maxBinaryBytes }: HttpLimits): number =>
  kindOfHead(headers) === 'text' ? maxTextBytes : maxBinaryBytes;

export type AnswerParts = {
  readonly runId: string;
  readonly answer: OutgoingHead & { readonly body: Uint8Array };
  /** What must not come back and nobody else masks, such as the encoded form of a key. */
  readonly hidden: readonly string[];
  readonly secrets: readonly string[];
  readonly deps: HttpDeps;
};

/** The outputs of an http-request node, of an answer. A file is kept, without the secrets in it; all other texts are masked by the caller. */
export async function outputsOf({ runId, answer, secrets, hidden, deps }: AnswerParts): Promise<Prepared<ReadonlyMap<string, Value>>> {
  const { status, headers, body, finalUrl } = answer;
  const kind = kindOfHead(headers);
  const isFile = body.length > 0 && (kind === 'file' || (kind === 'unknown' && isFileContent(body)));
  if (!isFile && body.length > deps.httpLimits.maxTextBytes) {
    return refused(
      'ResponseSizeError',
      `the text of the answer is larger than ${deps.httpLimits.maxTextBytes} bytes (setting outgoing.maxTextBytes)`,
    );
  }
  const mask = textMasker(hidden);
  const files: Value[] = [];
  if (isFile) {
    const bytes = withoutSecrets(body, [...secrets, ...hidden]);
    const url = await deps.keptFiles.keep(bytes, { runId });
    const name = fileNameOf(headers, finalUrl);
    files.push(fileValue({ name: name === undefined ? undefined : mask(name), mimeType: mediaType(headers), size: bytes.length, url }));
  }
  return {
    ok: true,
    value: new Map<string, Value>([
      ['status_code', integer(status)],
      ['body', isFile ? '' : mask(textOfBody(body, headers))],
      ['headers', headersValue(headers, mask)],
      ['files', files],
    ]),
  };
}

/** Several of one name are joined, as Python's httpx does. */
function headersValue(headers: HeaderList, mask: (text: string) => string): Value {
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const known = joined.get(name);
    joined.set(name, known === undefined ? mask(value) : `${known}, ${mask(value)}`);
  }
  return joined;
}

/** Shorter ones would spoil files in which the same bytes stand by chance. */
const SHORTEST_SECRET = 8;

function withoutSecrets(bytes: Uint8Array, secrets: readonly string[]): Uint8Array {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = secrets
    .map((secret) => Buffer.from(secret))
    .filter((secret) => secret.length >= SHORTEST_SECRET && content.includes(secret));
  if (found.length === 0) return bytes;
  // A byte is a character in Latin-1, so that bytes are replaced as they are.
  const text = found.reduce((left, secret) => left.replaceAll(secret.toString('latin1'), MASK), content.toString('latin1'));
  return Buffer.from(text, 'latin1');
}
