import { createSecretKey, type KeyObject } from 'node:crypto';
import { RiskflowError } from '../../schemas/index.ts';
import { KEYS_VARIABLE } from './codec-trouble.ts';

/** A key for what Temporal keeps. The key itself is opaque: it shows in no output. */
export type TemporalKey = { readonly id: string; readonly key: KeyObject };

const KEY_BYTES = 32;
const HINT = `${KEYS_VARIABLE} is ID:KEY or ID:KEY,ID:KEY with keys from \`openssl rand -base64 32\`; the first one encrypts, all decrypt`;

/**
 * Reads `id:base64key,id2:base64key2`; the first encrypts, all decrypt. Empty when nothing is set.
 * @throws RiskflowError `usage` that names the entry by its place or id, never by its key
 */
export function parseTemporalKeys(text: string | undefined): readonly TemporalKey[] {
  if (text === undefined || text.trim() === '') return [];
  const keys = text.split(',').map((entry, i) => parseEntry(entry.trim(), i + 1));
  const twice = keys.find(({ id }, i) => keys.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) throw wrong(`names the key id "${twice.id}" twice`);
  return keys;
}

function parseEntry(entry: string, place: number): TemporalKey {
  const colon = entry.indexOf(':');
  const id = entry.slice(0, colon);
  // Without a colon the entry may be the bare key: it is not repeated.
  if (colon < 1 || !/^[\w.-]{1,64}$/.test(id)) throw wrong(`has no key id of letters, digits, ".", "_" and "-" in entry ${place}`);
  const text = entry.slice(colon + 1);
  if (!/^[\w+/-]+={0,2}$/.test(text)) throw wrong(`has a key "${id}" that is not base64`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES) throw wrong(`has a key "${id}" of ${bytes.length} bytes instead of ${KEY_BYTES}`);
  return { id, key: createSecretKey(bytes) };
}

const wrong = (what: string): RiskflowError => new RiskflowError('usage', `${KEYS_VARIABLE} ${what}`, { hint: HINT });
