import type { HeaderList } from '../schemas/index.ts';

/** What an answer holds: text, a file, or what only its first bytes can tell. */
export type AnswerKind = 'text' | 'file' | 'unknown';

const headerOf = (headers: HeaderList, name: string): string => headers.find(([given]) => given === name)?.[1] ?? '';

/** The media type without its parameters, in lower case; "" where the answer does not say. */
export const mediaType = (headers: HeaderList): string => (headerOf(headers, 'content-type').split(';')[0] ?? '').trim().toLowerCase();

const TEXT_APPLICATION = /json|xml|javascript|ecmascript|x-www-form-urlencoded|yaml|graphql/;

/**
 * Told from the headers, as Dify does: an attachment is a file; text is text, but for CSV; of other types those are files that pictures, sounds,
 * films and programs have.
 */
export function kindOfHead(headers: HeaderList): AnswerKind {
  const disposition = headerOf(headers, 'content-disposition');
  if (/^\s*attachment\b/i.test(disposition) || /\bfilename\*?\s*=/i.test(disposition)) return 'file';
  const type = mediaType(headers);
  if (type === '' || type.startsWith('multipart/')) return 'text';
  if (type.startsWith('text/')) return type.includes('csv') ? 'file' : 'text';
  if (type.startsWith('application/')) return TEXT_APPLICATION.test(type) ? 'text' : 'unknown';
  return /^(?:image|audio|video|font|model)\//.test(type) ? 'file' : 'text';
}

const SAMPLE_BYTES = 1024;
const TEXT_MARKS = /[{[<]|function|var |const |let /;

/** Whether an answer that its headers do not tell is a file: it is not, when it begins as text in which something is marked up. */
export function isFileContent(body: Uint8Array): boolean {
  try {
    // A character may be cut off at the end of the sample.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body.subarray(0, SAMPLE_BYTES), { stream: body.length > SAMPLE_BYTES });
    return !TEXT_MARKS.test(text);
  } catch {
    return true;
  }
}

/** The text of a body in its charset; UTF-8 where that is not said or not known. */
export function textOfBody(body: Uint8Array, headers: HeaderList): string {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headerOf(headers, 'content-type'))?.[1] ?? 'utf-8';
  return decoderFor(charset).decode(body);
}

function decoderFor(charset: string): Pick<InstanceType<typeof TextDecoder>, 'decode'> {
  try {
    return new TextDecoder(charset, { ignoreBOM: true });
  } catch {
    return new TextDecoder('utf-8', { ignoreBOM: true });
  }
}

/** The name a file is to have: what the answer says, else the end of the URL's path. Without folders; undefined where there is none. */
export function fileNameOf(headers: HeaderList, url: string): string | undefined {
  const disposition = headerOf(headers, 'content-disposition');
  const extended = /\bfilename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  const plain = /\bfilename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition);
  const said = extended === undefined ? (plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2]) : unescaped(extended);
  const name = (said ?? unescaped(URL.parse(url)?.pathname ?? '')).split(/[\\/]/).at(-1)?.trim() ?? '';
  const clean = name.replace(/[\u0000-\u001f\u007f]/g, '').slice(0, LONGEST_NAME);
  return clean === '' || clean === '.' || clean === '..' ? undefined : clean;
}

const LONGEST_NAME = 255;

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
