import { messageOf, type OutgoingMessage, type RefusedMessage, type Sink } from '../../schemas/index.ts';
import { DeliveryFailed } from '../delivery-failed.ts';
import type { HttpPost } from './http-post.ts';
import { judgeAnswer, type Judgement } from './judge-answer.ts';
import { signedHeaders, webhookKey, type WebhookSecret } from './sign-webhook.ts';
import { withinTime } from './within-time.ts';

export type WebhookSinkOptions = {
  readonly url: string;
  /** The secret in use, and behind it one that is being retired: messages are signed with each. */
  readonly secrets: readonly [WebhookSecret, ...WebhookSecret[]];
  /** Milliseconds for one attempt, with its answer. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly post: HttpPost;
};

/**
 * Tells messages one after the other by HTTP, signed as Standard Webhooks. Each gets one attempt: who sends them again waits as long as
 * DeliveryFailed says. @throws RiskflowError `usage` for a secret that is none
 */
export function createWebhookSink({ url, secrets, timeoutMs, now = Date.now, post }: WebhookSinkOptions): Sink {
  const keys = secrets.map(webhookKey);
  const deliver = async (message: OutgoingMessage, signal: AbortSignal): Promise<Judgement> => {
    if (!fitsHeader(message.id)) return { outcome: 'refused', reason: 'its id cannot stand in a header' };
    const body = JSON.stringify({ type: message.type, timestamp: new Date(message.at).toISOString(), data: message.body });
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'riskflow',
      ...signedHeaders(keys, { id: message.id, at: now(), body }),
    };
    return withinTime({ ms: timeoutMs, signal }, async (until, timedOut) => {
      try {
        return judgeAnswer(await post(url, { headers, body, timeoutMs, signal: until }), now());
      } catch (cause) {
        signal.throwIfAborted();
        const why = timedOut() ? `within ${timeoutMs} ms` : `(${rootOf(cause)})`;
        throw new DeliveryFailed(`no answer from ${placeOf(url)} ${why}`, { cause });
      }
    });
  };
  return {
    send: async (messages, signal) => {
      const refused: RefusedMessage[] = [];
      for (const message of messages) {
        signal.throwIfAborted();
        const judgement = await deliver(message, signal);
        if (judgement.outcome === 'refused') refused.push({ id: message.id, reason: judgement.reason });
        // Those behind it wait, so that they come in their order.
        if (judgement.outcome === 'failed') throw new DeliveryFailed(judgement.reason, { retryAfterMs: judgement.retryAfterMs });
      }
      return refused;
    },
    close: () => Promise.resolve(),
  };
}

const fitsHeader = (id: string): boolean => /^[\x21-\x7e]{1,255}$/.test(id);

/** An address may hold a secret in its path: only where it leads is shown. */
const placeOf = (url: string): string => URL.parse(url)?.origin ?? 'the receiver';

/** What `fetch failed` comes from. */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return messageOf(error);
  if (error.cause instanceof Error) return rootOf(error.cause);
  const { code } = error as NodeJS.ErrnoException;
  return error.message === '' || (code !== undefined && error instanceof AggregateError) ? (code ?? error.name) : error.message;
}
