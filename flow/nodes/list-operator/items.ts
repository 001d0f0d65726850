import { isNumeric, type ArrayValue, type Float, type ObjectValue, type Value } from '../../../schemas/core.ts';
import { isFile } from '../../text/index.ts';

/** A list whose items are all of one kind that a list-operator node can work on. */
export type ItemList =
  | { readonly kind: 'string'; readonly items: readonly string[] }
  | { readonly kind: 'number'; readonly items: readonly (number | bigint | Float)[] }
  | { readonly kind: 'boolean'; readonly items: readonly boolean[] }
  | { readonly kind: 'file'; readonly items: readonly ObjectValue[] };

/** The list by the kind of its items; undefined for a mixed list, and for lists of objects, lists or null. */
export function itemList(list: ArrayValue): ItemList | undefined {
  if (list.every((item) => typeof item === 'string')) return { kind: 'string', items: list };
  if (list.every(isNumeric)) return { kind: 'number', items: list };
  if (list.every((item) => typeof item === 'boolean')) return { kind: 'boolean', items: list };
  return list.every(isFile) ? { kind: 'file', items: list } : undefined;
}

/** Attributes of files that are texts, by the names that conditions use. An attribute that is not there is "". */
const FILE_TEXTS: ReadonlyMap<string, (file: ObjectValue) => Value | undefined> = new Map([
  ['name', (file: ObjectValue) => file.get('filename')],
  ['type', (file: ObjectValue) => file.get('type')],
  ['extension', (file: ObjectValue) => file.get('extension')],
  ['mime_type', (file: ObjectValue) => file.get('mime_type')],
  ['transfer_method', (file: ObjectValue) => file.get('transfer_method')],
  ['url', remoteUrl],
  ['related_id', (file: ObjectValue) => file.get('related_id')],
]);

// Dify compares the address a file was given by, which an uploaded file does not have.
function remoteUrl(file: ObjectValue): Value | undefined {
  const remote = file.get('remote_url') ?? null;
  return remote === null && file.get('transfer_method') === 'remote_url' ? file.get('url') : remote;
}

/** Reads a text attribute of files; undefined for a name that is none. */
export function fileTextOf(key: string): ((file: ObjectValue) => string) | undefined {
  const read = FILE_TEXTS.get(key);
  return read === undefined ? undefined : (file) => textOr(read(file));
}

const textOr = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

/** Bytes; -1 where a file does not say. */
export function fileSize(file: ObjectValue): number | bigint | Float {
  const size = file.get('size') ?? null;
  return isNumeric(size) ? size : -1;
}
