import { isArray, isObject, type FileDescriptor, type ObjectValue, type Value } from '../../schemas/core.ts';
import { withoutSecretMarks } from './secret-text.ts';

/** The mark by which Dify's own JSON tells a file from another object. */
const IDENTITY_KEY = 'dify_model_identity';
const IDENTITY = '__dify__file__';

/** A file in the pool: an object as Dify writes one (type, transfer_method, filename, extension, mime_type, size, url, …). */
export const isFile = (value: Value): value is ObjectValue => isObject(value) && value.get(IDENTITY_KEY) === IDENTITY;

/** An array[file] to Dify; an empty array is none, since nothing tells its type. */
export const isFileArray = (value: Value): value is readonly ObjectValue[] => isArray(value) && value.length > 0 && value.every(isFile);

type ReadAttribute = (file: ObjectValue) => Value;

const key =
  (name: string): ReadAttribute =>
  (file) =>
    file.get(name) ?? null;

const ATTRIBUTES: ReadonlyMap<string, ReadAttribute> = new Map([
  ['type', key('type')],
  ['size', key('size')],
  ['name', key('filename')],
  ['mime_type', key('mime_type')],
  ['transfer_method', key('transfer_method')],
  ['url', fileUrl],
  ['extension', key('extension')],
  ['related_id', key('related_id')],
]);

/** An attribute of a file by the name that selectors and conditions use; undefined for a name Dify does not know. */
export const fileAttribute = (file: ObjectValue, name: string): Value | undefined => ATTRIBUTES.get(name)?.(file);

/** A file for who is to fetch its content. Its texts are cleaned, since secrets are filled into all texts of an effect. */
export function fileDescriptor(file: ObjectValue): FileDescriptor {
  const text = (name: string): string | null => {
    const value = fileAttribute(file, name);
    return typeof value === 'string' && value !== '' ? withoutSecretMarks(value) : null;
  };
  return {
    name: text('name'),
    extension: text('extension'),
    mimeType: text('mime_type'),
    transferMethod: text('transfer_method'),
    url: text('url'),
    relatedId: text('related_id'),
  };
}

/** The file as a markdown image or link. */
export function fileMarkdown(file: ObjectValue): string {
  const url = textOr(fileUrl(file), 'None');
  const name = textOr(file.get('filename') ?? null, '');
  return file.get('type') === 'image' ? `![${name}](${url})` : `[${name === '' ? url : name}](${url})`;
}

function fileUrl(file: ObjectValue): Value {
  const url = file.get('url') ?? null;
  return url === null || url === '' ? (file.get('remote_url') ?? null) : url;
}

const textOr = (value: Value, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
