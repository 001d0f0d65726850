import { createCipheriv, createDecipheriv, createHmac, randomBytes, type KeyObject } from 'node:crypto';

/** AES-256-GCM as in NIST SP 800-38D. Layout: 12 bytes nonce, the ciphertext, 16 bytes tag. */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

type Sealing = {
  readonly key: KeyObject;
  /** Bound to the ciphertext: it opens only beside the same. */
  readonly bound: Uint8Array;
  /**
   * Random: equal texts do not look alike. Derived from key, text and what is bound: equal texts give equal bytes, so that a large
   * payload that is encoded again (replays, retries, the same plan for many runs) is kept once.
   */
  readonly nonce: 'random' | 'derived';
};

export function seal(text: Uint8Array, { key, bound, nonce: kind }: Sealing): Buffer {
  const nonce = kind === 'random' ? randomBytes(NONCE_BYTES) : derivedNonce(text, { key, bound });
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(bound);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined when these bytes were not sealed with this key beside what is bound. */
export function unseal(sealed: Uint8Array, { key, bound }: Omit<Sealing, 'nonce'>): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(bound).setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function derivedNonce(text: Uint8Array, { key, bound }: Omit<Sealing, 'nonce'>): Buffer {
  const own = createHmac('sha256', key).update('riskflow temporal nonce 1').digest();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bound.length);
  return createHmac('sha256', own).update(length).update(bound).update(text).digest().subarray(0, NONCE_BYTES);
}
