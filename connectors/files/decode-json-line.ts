import { TextDecoder } from 'node:util';
import { isObject, parseJson, type ObjectValue } from '../../schemas/index.ts';
import type { FileLine } from './read-lines.ts';

/** What a line of JSON text holds. `reason` is a sentence about "it". */
export type JsonLine =
  | { readonly kind: 'object'; readonly text: string; readonly value: ObjectValue }
  | { readonly kind: 'blank' }
  | { readonly kind: 'broken'; readonly reason: string };

const BLANK = /^[ \t\r]*$/;
// Stateless as it is used here: every call decodes a whole line.
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes one line that should be a JSON object in UTF-8 (RFC 8259). A byte order mark before it is passed over, at the beginning of
 * any line, since files are also joined together.
 */
export function decodeJsonLine(line: Pick<FileLine, 'bytes' | 'cut'>): JsonLine {
  if (line.cut) return { kind: 'broken', reason: `it is longer than ${line.bytes.length} bytes, and was cut there` };
  const text = decodeUtf8(line.bytes);
  if (text === undefined) return { kind: 'broken', reason: 'it is not valid UTF-8' };
  if (BLANK.test(text)) return { kind: 'blank' };
  const parsed = parseJson(text);
  if (!parsed.ok) return { kind: 'broken', reason: `it is not valid JSON: ${parsed.error.message} (column ${parsed.error.column})` };
  return isObject(parsed.value) ? { kind: 'object', text, value: parsed.value } : { kind: 'broken', reason: 'a JSON object was expected' };
}

/** Undefined when the bytes are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
