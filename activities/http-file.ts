import type { Value } from '../schemas/index.ts';

/** Endings by media type, for files whose name has none. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['application/gzip', '.gz'],
  ['application/msword', '.doc'],
  ['application/pdf', '.pdf'],
  ['application/vnd.openxmlformats-officedocument.presentationml.presentation', '.pptx'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', '.xlsx'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', '.docx'],
  ['application/zip', '.zip'],
  ['audio/mpeg', '.mp3'],
  ['audio/wav', '.wav'],
  ['image/gif', '.gif'],
  ['image/jpeg', '.jpg'],
  ['image/png', '.png'],
  ['image/svg+xml', '.svg'],
  ['image/webp', '.webp'],
  ['text/csv', '.csv'],
  ['video/mp4', '.mp4'],
]);

/** Endings of what Dify calls documents. */
const DOCUMENTS = /^\.(?:csv|docx?|eml|epub|html?|json|markdown|mdx?|msg|odt|pdf|pptx?|properties|rtf|txt|vtt|xlsx?|xml|ya?ml)$/i;

/** A file in the pool, as Dify's nodes give one; its content is found by the URL. */
export function fileValue({
  name,
  mimeType,
  size,
  url,
}: {
  readonly name: string | undefined;
  /** "" where it is not known. */
  readonly mimeType: string;
  readonly size: number;
  readonly url: string;
}): Value {
  const own = /\.[A-Za-z0-9]{1,10}$/.exec(name ?? '')?.[0];
  const extension = own ?? ENDINGS.get(mimeType) ?? '';
  return new Map<string, Value>([
    ['dify_model_identity', '__dify__file__'],
    ['type', typeOf(mimeType, extension)],
    ['transfer_method', 'tool_file'],
    ['filename', name === undefined ? `file${extension}` : own === undefined ? `${name}${extension}` : name],
    ['extension', extension],
    ['mime_type', mimeType === '' ? 'application/octet-stream' : mimeType],
    ['size', size],
    ['url', url],
    ['related_id', null],
  ]);
}

function typeOf(mimeType: string, extension: string): string {
  const [main = ''] = mimeType.split('/');
  if (main === 'image' || main === 'audio' || main === 'video') return main;
  return DOCUMENTS.test(extension) ? 'document' : 'custom';
}
