import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Json } from './encoded-value.ts';

/** JSON with sorted keys and no blanks (RFC 8785). Numbers and strings as ECMAScript prints them, which is what the RFC asks. */
export function canonicalJson(json: Json): string {
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  if (Array.isArray(json)) return `[${(json as readonly Json[]).map(canonicalJson).join(',')}]`;
  const object = json as { readonly [key: string]: Json };
  // RFC 8785 sorts by UTF-16 code units, which is the default order of Array.prototype.sort.
  const keys = Object.keys(object).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key] ?? null)}`).join(',')}}`;
}

/** SHA-256 of a text's UTF-8 bytes as 64 lower-case hex digits. */
export const sha256Hex = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

/** SHA-256 over canonical JSON: equal for equal content whatever the order of keys. */
export const hashJson = (json: Json): string => sha256Hex(canonicalJson(json));
