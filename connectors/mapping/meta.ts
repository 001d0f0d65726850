import { Buffer } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { integer, RiskflowError, type RecordHeader, type RecordMeta } from '../../schemas/index.ts';
import { quotedName } from './path.ts';
import type { ExpressionResult, Read } from './record-view.ts';

// Stateless as it is used here: every call decodes whole bytes. The byte order mark is kept, so that the bytes can be made again.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes as a value: their text, or `base64:…` where they are not UTF-8. */
const textOfBytes = (bytes: Uint8Array): string => utf8Text(bytes) ?? `base64:${Buffer.from(bytes).toString('base64')}`;

const PLAIN: ReadonlyMap<string, { readonly read: Read; readonly readsMeta: boolean }> = new Map([
  ['key', { read: ({ meta }) => (meta.key === null ? undefined : textOfBytes(meta.key)), readsMeta: true }],
  ['timestamp', { read: ({ meta }) => (meta.timestamp === null ? undefined : integer(Math.trunc(meta.timestamp))), readsMeta: true }],
  ['topic', { read: ({ meta }) => meta.topic, readsMeta: false }],
  ['partition', { read: ({ meta }) => meta.partition, readsMeta: false }],
  ['offset', { read: ({ meta }) => integer(meta.offset), readsMeta: false }],
]);
const HEADERS = 'headers.';

/**
 * What stands around a record, by name: `key`, `timestamp`, `topic`, `partition`, `offset`, `headers.NAME` (of several the last, as
 * Kafka's own clients take it). `written`: how the person wrote it.
 */
export function compileMeta(name: string, written: string): ExpressionResult {
  const plain = PLAIN.get(name);
  if (plain !== undefined) return { ok: true, expression: { ...plain, text: written } };
  if (name.startsWith(HEADERS) && name.length > HEADERS.length) {
    const header = name.slice(HEADERS.length);
    return { ok: true, expression: { read: ({ meta }) => headerText(meta.headers, header), text: written, readsMeta: true } };
  }
  const field = written.startsWith('@') ? `; a field of that name is written ${quotedName(written)}` : '';
  return {
    ok: false,
    problem: {
      message: `"${written}" is not one of the things that stand around a record`,
      hint: `there are ${Array.from(PLAIN.keys()).join(', ')} and headers.NAME${field}`,
    },
  };
}

function headerText(headers: readonly RecordHeader[], name: string): string | undefined {
  const header = headers.findLast((one) => one.name === name);
  return header === undefined ? undefined : textOfBytes(header.value);
}

type StoredBytes = string | { readonly base64: string };

/**
 * Key, headers and timestamp as JSON text for the inbox: `{"key": …, "headers": [[name, …], …], "timestamp": …}`. Bytes stand as text, or as
 * `{"base64": …}` where they are not UTF-8, so that `decodeMeta` gives the same bytes.
 */
export const encodeMeta = ({ key, headers, timestamp }: RecordMeta): string =>
  JSON.stringify({
    key: key === null ? null : storedBytes(key),
    headers: headers.map(({ name, value }) => [name, storedBytes(value)]),
    timestamp,
  });

const storedBytes = (bytes: Uint8Array): StoredBytes => utf8Text(bytes) ?? { base64: Buffer.from(bytes).toString('base64') };
const bytesOf = (stored: StoredBytes): Uint8Array =>
  typeof stored === 'string' ? new TextEncoder().encode(stored) : new Uint8Array(Buffer.from(stored.base64, 'base64'));

/** Reads what `encodeMeta` wrote; null is a record around which nothing was kept. @throws RiskflowError `internal` for anything else. */
export function decodeMeta(text: string | null): RecordMeta {
  if (text === null) return { key: null, headers: [], timestamp: null };
  try {
    // Written by encodeMeta and by nobody else.
    const stored = JSON.parse(text) as {
      readonly key: StoredBytes | null;
      readonly headers: readonly (readonly [string, StoredBytes])[];
      readonly timestamp: number | null;
    };
    return {
      key: stored.key === null ? null : bytesOf(stored.key),
      headers: stored.headers.map(([name, value]) => ({ name, value: bytesOf(value) })),
      timestamp: stored.timestamp,
    };
  } catch (cause) {
    throw new RiskflowError('internal', 'what is stored around a record cannot be read', { cause });
  }
}
