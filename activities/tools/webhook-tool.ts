import { renderText } from '../../flow/index.ts';
import {
  isObject,
  parseJson,
  toJsonText,
  type HeaderList,
  type OutgoingClient,
  type Tool,
  type Value,
  type Values,
} from '../../schemas/index.ts';
import { gave, textArgument, toolFailed } from './tool-results.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
/** The client sets them. */
const RESERVED: ReadonlySet<string> = new Set(['content-length', 'host', 'connection', 'transfer-encoding']);

/**
 * Posts JSON through the guarded client. Every try of one node's call has the same `idempotency-key`, so that a receiver can tell a
 * second delivery. A status beyond 299 is a failure; only those that may pass are worth another try.
 */
export const createWebhook =
  (outgoing: OutgoingClient): Tool['run'] =>
  async (args, { signal, slot, runId, effectId }) => {
    await slot?.take(signal);
    const body = args.get('body') ?? new Map<string, Value>();
    const result = await outgoing.send({
      method: 'POST',
      url: textArgument(args.get('url')).trim(),
      headers: headersOf(args, `${runId}/${effectId}`),
      body: { kind: 'bytes', bytes: new TextEncoder().encode(toJsonText(body)) },
      // What the flow adds may be a key.
      secretHeaders: [...ownHeaders(args).keys()],
      redirects: 0,
      maxBodyBytes: MAX_ANSWER_BYTES,
      purpose: 'tool riskflow/webhook',
      signal,
    });
    if (!result.ok) {
      return toolFailed(`the webhook could not be called: ${result.message}`, {
        retryable: result.type === 'connection' || result.type === 'timeout',
      });
    }
    const { status } = result;
    if (status > 299) {
      return toolFailed(`the webhook answered with status ${status}`, { retryable: status >= 500 || status === 429 || status === 408 });
    }
    const text = new TextDecoder().decode(result.body);
    const parsed = parseJson(text);
    return gave({
      text,
      json: parsed.ok && isObject(parsed.value) ? [parsed.value] : [],
      variables: new Map<string, Value>([['status_code', status]]),
    });
  };

const ownHeaders = (args: Values): ReadonlyMap<string, Value> => {
  const headers = args.get('headers');
  return headers !== undefined && isObject(headers) ? headers : new Map<string, Value>();
};

function headersOf(args: Values, key: string): HeaderList {
  const own = Array.from(ownHeaders(args), ([name, value]) => [name, renderText(value)] as const);
  const kept = own.filter(([name]) => !RESERVED.has(name.toLowerCase()));
  const standard = [
    ['content-type', 'application/json'],
    ['idempotency-key', key],
  ] as const;
  const named = new Set(kept.map(([name]) => name.toLowerCase()));
  return [...standard.filter(([name]) => !named.has(name)), ...kept];
}
