import { createHmac } from 'node:crypto';
import { RiskflowError } from '../../schemas/index.ts';

const PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A signing secret and where it was found, which is what errors name. */
export type WebhookSecret = { readonly name: string; readonly value: string };

/** The bytes of a secret `whsec_<base64>`. @throws RiskflowError `usage` that names where it comes from, and not what it is */
export function webhookKey({ name, value }: WebhookSecret): Uint8Array {
  const text = value.startsWith(PREFIX) ? value.slice(PREFIX.length) : '';
  const key = BASE64.test(text) ? Buffer.from(text, 'base64') : new Uint8Array();
  if (key.length >= 24 && key.length <= 64) return key;
  throw new RiskflowError('usage', `${name} is no signing secret of webhooks`, {
    hint: 'write whsec_ and behind it 24 to 64 random bytes in base64; this makes one: echo "whsec_$(openssl rand -base64 32)"',
  });
}

/**
 * The headers of a signed message, as https://www.standardwebhooks.com says: HMAC-SHA256 over `id.timestamp.body`, once with each key.
 * `at`: milliseconds since 1970 of this attempt.
 */
export function signedHeaders(
  keys: readonly Uint8Array[],
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string },
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at / 1000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`).join(' '),
  };
}
