import { isObject, objectOf, parseJson, type RecordContent } from '../../schemas/index.ts';
import { decodeUtf8 } from '../files/decode-json-line.ts';

/** What is wrong with a record, as a sentence about "it". */
export const unreadable = (reason: string): RecordContent => ({ ok: false, stage: 'decode', reason });

/** Reads one JSON object in UTF-8 (RFC 8259); a byte order mark before it is passed over. */
export function decodeJson(bytes: Uint8Array): RecordContent {
  const text = decodeUtf8(bytes);
  if (text === undefined) return unreadable('it is not valid UTF-8');
  const parsed = parseJson(text);
  if (!parsed.ok)
    return unreadable(`it is not valid JSON: ${parsed.error.message} (line ${parsed.error.line}, column ${parsed.error.column})`);
  return isObject(parsed.value) ? { ok: true, fields: parsed.value, text } : unreadable('a JSON object was expected');
}

/** Reads UTF-8 text as the one field of a record. */
export function decodeText(bytes: Uint8Array, field: string): RecordContent {
  const text = decodeUtf8(bytes);
  return text === undefined ? unreadable('it is not valid UTF-8') : { ok: true, fields: objectOf([[field, text]]) };
}
