import { isArray, isNumeric, isObject, type ObjectValue, type Value } from '../../../schemas/core.ts';
import { isFile } from '../../text/index.ts';
import type { FileRules } from './config.ts';

export type FileInput = { readonly ok: true; readonly file: ObjectValue } | { readonly ok: false; readonly message: string };

const FILE_TYPES: ReadonlySet<string> = new Set(['image', 'document', 'audio', 'video', 'custom']);

/** Media types by ending, as far as models and readers of documents care. */
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ['.png', 'image/png'],
  ['.jpg', 'image/jpeg'],
  ['.jpeg', 'image/jpeg'],
  ['.gif', 'image/gif'],
  ['.webp', 'image/webp'],
  ['.svg', 'image/svg+xml'],
  ['.pdf', 'application/pdf'],
  ['.txt', 'text/plain'],
  ['.md', 'text/markdown'],
  ['.html', 'text/html'],
  ['.csv', 'text/csv'],
  ['.json', 'application/json'],
  ['.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['.mp3', 'audio/mpeg'],
  ['.wav', 'audio/wav'],
  ['.mp4', 'video/mp4'],
]);

/**
 * A file as it is given to a run, as one of the pool: `{type, transfer_method: remote_url | local_file, url | upload_file_id}` as in Dify's API
 * (`remote_url` and `related_id` are understood too), with `filename`, `mime_type` and `size` where the caller knows them. What is one
 * of the pool already stays as it is.
 */
export function fileInput(value: Value): FileInput {
  if (isFile(value)) return { ok: true, file: value };
  if (!isObject(value)) return refused('a file is given as an object with type, transfer_method and url or upload_file_id');
  const url = textAt(value, 'url') ?? textAt(value, 'remote_url');
  const uploaded = textAt(value, 'upload_file_id') ?? textAt(value, 'related_id');
  const method = textAt(value, 'transfer_method') ?? (url === null ? 'local_file' : 'remote_url');
  if (method === 'remote_url' && (url === null || !/^(?:https?:\/\/|data:)/i.test(url)))
    return refused('a file by remote_url needs a url that begins with http:// or https://');
  if (method !== 'remote_url' && uploaded === null && url === null) return refused(`a file by ${method} needs an upload_file_id`);
  const name = textAt(value, 'filename') ?? textAt(value, 'name') ?? nameIn(url);
  const extension = textAt(value, 'extension') ?? /\.[A-Za-z0-9]{1,10}$/.exec(name ?? '')?.[0] ?? '';
  const mimeType = textAt(value, 'mime_type') ?? mediaTypeIn(url) ?? MEDIA_TYPES.get(extension.toLowerCase()) ?? 'application/octet-stream';
  const type = textAt(value, 'type') ?? typeOf(mimeType);
  if (!FILE_TYPES.has(type)) return refused(`a file cannot be of the type "${type}", but of image, document, audio, video and custom`);
  const size = value.get('size') ?? null;
  return {
    ok: true,
    file: new Map<string, Value>([
      ['dify_model_identity', '__dify__file__'],
      ['type', type],
      ['transfer_method', method],
      ['remote_url', method === 'remote_url' ? url : null],
      ['related_id', uploaded],
      ['filename', name],
      ['extension', extension],
      ['mime_type', mimeType],
      ['size', isNumeric(size) ? size : -1],
      ['url', url],
    ]),
  };
}

/** Checks a file, or a list of them, against what an input allows. */
export function fileInputs(
  value: Value,
  rules: FileRules,
): { readonly ok: true; readonly files: readonly ObjectValue[] } | { readonly ok: false; readonly message: string } {
  const files: ObjectValue[] = [];
  for (const item of isArray(value) ? value : [value]) {
    const made = fileInput(item);
    if (!made.ok) return made;
    const message = ruleBroken(made.file, rules);
    if (message !== undefined) return { ok: false, message };
    files.push(made.file);
  }
  return { ok: true, files };
}

function ruleBroken(file: ObjectValue, { types, extensions, methods }: FileRules): string | undefined {
  const [type, method, extension] = [textAt(file, 'type') ?? '', textAt(file, 'transfer_method') ?? '', textAt(file, 'extension') ?? ''];
  if (methods.length > 0 && !methods.includes(method)) return `files may be given by ${methods.join(' or ')}, not by ${method}`;
  if (types.length > 0 && !types.includes(type) && !types.includes('custom'))
    return `files of the type "${type}" are not allowed, but of ${types.join(', ')}`;
  const byExtension = types.includes('custom') && !types.includes(type);
  if ((byExtension || type === 'custom') && extensions.length > 0 && !extensions.includes(extension.toLowerCase()))
    return `files that end in "${extension}" are not allowed, but ${extensions.join(', ')}`;
  return undefined;
}

const refused = (message: string): FileInput => ({ ok: false, message });

function textAt(object: ObjectValue, name: string): string | null {
  const value = object.get(name);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The last part of a URL's path. */
function nameIn(url: string | null): string | null {
  if (url === null || url.startsWith('data:')) return null;
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  const last = path.slice(path.lastIndexOf('/') + 1);
  if (last === '') return null;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

const mediaTypeIn = (url: string | null): string | null => (url === null ? null : (/^data:([^;,]+)/.exec(url)?.[1] ?? null));

function typeOf(mimeType: string): string {
  const main = mimeType.slice(0, mimeType.indexOf('/'));
  return main === 'image' || main === 'audio' || main === 'video' ? main : 'document';
}
