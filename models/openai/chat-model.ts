import type { OpenAI as OpenAIClient } from 'openai';
import { setTimeout as wait } from 'node:timers/promises';
import { ErrorCode, RiskflowError, type ChatModel, type ChatReply, type ChatRequest, type ModelFailure } from '../../schemas/core.ts';
import { failureOfAnswer, failureOfConnection, failureOfStatus, presentable, type CallFailure } from './call-failure.ts';
import { readChatAnswer, type ChatAnswer } from './chat-answer.ts';
import { chatBody, textBody } from './request-body.ts';
import { createHttpTransport, type HttpTransport, type HttpTransportOptions } from './http-transport.ts';
import type { Pace } from '../pace.ts';
import { costOf, priceOf, type PriceTable } from './price.ts';
import { DEFAULT_RETRY_POLICY, retryDelay, type RetryPolicy } from './retry-policy.ts';

export type OpenAiChatModelOptions = {
  /** Where the API is, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Null for an endpoint without keys. */
  readonly apiKey: string | null;
  /** Default: no prices, and so no costs. */
  readonly prices?: PriceTable;
  readonly retry?: Partial<RetryPolicy>;
  /** When each HTTP call may start. A call that waits for its turn is not in flight. Default: at once. */
  readonly pace?: Pace;
  /** One call may take so long, from its start to the end of the answer, milliseconds. @default 120000 */
  readonly timeoutMs?: number;
  /** Bytes of one answer. @default 10485760 */
  readonly maxResponseBytes?: number;
  readonly proxyEnv?: HttpTransportOptions['proxyEnv'];
  /** What requests leave by. */
  readonly exchange?: HttpTransportOptions['exchange'];
  /** Gives a number from 0 to 1 for each wait. Default: always 0, waits are exact. */
  readonly jitter?: () => number;
};

type Attempt =
  { readonly ok: true; readonly reply: Omit<ChatReply, 'calls' | 'elapsedMs'> } | { readonly ok: false; readonly failure: CallFailure };
type Endpoint = {
  readonly client: OpenAIClient;
  readonly prices: PriceTable;
  readonly timeoutMs: number;
};

/**
 * A model behind any OpenAI-compatible endpoint (`/chat/completions`, and `/completions` for prompts), called through the `openai` package. Its own retries are off: each HTTP call
 * is made and counted here. The package is loaded with the first call.
 *
 * @throws RiskflowError `missing_key` when the key cannot be one.
 */
export function createOpenAiChatModel(options: OpenAiChatModelOptions): ChatModel & { close(): void } {
  const { apiKey, jitter = () => 0 } = options;
  refuseOddKey(apiKey);
  const policy: RetryPolicy = { ...DEFAULT_RETRY_POLICY, ...options.retry };
  const { maxResponseBytes = 10 * 1024 * 1024, proxyEnv, exchange, timeoutMs = 120_000 } = options;
  const transport = createHttpTransport({ maxResponseBytes, apiKey, exchange, ...(proxyEnv === undefined ? {} : { proxyEnv }) });
  let client: Promise<OpenAIClient> | undefined;

  return {
    async complete(request, { signal, slot }) {
      let elapsedMs = 0;
      client ??= openClient(options, transport.fetch);
      const endpoint: Endpoint = { client: await client, prices: options.prices ?? {}, timeoutMs };
      const call = async (): Promise<Attempt> => {
        const startedAt = performance.now();
        return await attempt(endpoint, request, signal).finally(() => (elapsedMs += performance.now() - startedAt));
      };
      for (let calls = 1; ; calls++) {
        await options.pace?.turn(signal);
        await slot?.take(signal);
        const result = await call();
        if (result.ok) return { ok: true, reply: { ...result.reply, calls, elapsedMs } };
        const { failure } = result;
        const delayMs =
          failure.again === 'soon' ? retryDelay(policy, calls, { retryAfterMs: failure.retryAfterMs, jitter: jitter() }) : undefined;
        if (delayMs === undefined) return { ok: false, failure: finalFailure(failure, { calls, elapsedMs, apiKey }) };
        // A call that waits to be tried again is not in flight.
        slot?.giveBack();
        await waitUnlessAborted(delayMs, signal);
      }
    },
    close: () => transport.close(),
  };
}

function finalFailure(
  { message, type, again }: CallFailure,
  { calls, elapsedMs, apiKey }: { readonly calls: number; readonly elapsedMs: number; readonly apiKey: string | null },
): ModelFailure {
  const tries = calls === 1 ? '' : ` (tried ${calls} times)`;
  return { message: `${presentable(message, apiKey)}${tries}`, type, retryable: again !== 'never', calls, elapsedMs };
}

/** One HTTP call. Rejects only when aborted by the caller. */
async function attempt({ client, prices, timeoutMs }: Endpoint, request: ChatRequest, signal: AbortSignal): Promise<Attempt> {
  signal.throwIfAborted();
  try {
    const options = { signal, timeout: timeoutMs };
    const { mode = 'chat' } = request;
    const asked =
      mode === 'chat' ? client.chat.completions.create(chatBody(request), options) : client.completions.create(textBody(request), options);
    const read = readChatAnswer(await (await asked.asResponse()).text(), mode);
    if (read.ok) return { ok: true, reply: { ...read.answer, ...pricedAnswer(prices, request.model, read.answer) } };
    return { ok: false, failure: failureOfAnswer(read) };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, failure: failureOfThrown(error, timeoutMs) };
  }
}

function pricedAnswer(prices: PriceTable, model: string, answer: ChatAnswer): Pick<ChatReply, 'cost' | 'prices'> {
  const price = priceOf(prices, model);
  return { cost: costOf(prices, model, answer), ...(price === undefined ? {} : { prices: price }) };
}

type StatusError = { readonly status: number; readonly error: unknown; readonly headers: Headers };

// By form and not by class: the package's classes are loaded later than this code.
const isStatusError = (error: unknown): error is StatusError =>
  error instanceof Error &&
  'status' in error &&
  typeof error.status === 'number' &&
  'headers' in error &&
  error.headers instanceof Headers &&
  'error' in error;

function failureOfThrown(error: unknown, timeoutMs: number): CallFailure {
  if (isStatusError(error)) {
    const { status, error: body, headers } = error;
    return failureOfStatus({ status, body, header: (name) => headers.get(name) }, Date.now());
  }
  const tookTooLong = error instanceof Error && error.constructor.name === 'APIConnectionTimeoutError';
  return failureOfConnection(error, tookTooLong ? timeoutMs : undefined);
}

async function openClient({ baseUrl, timeoutMs = 120_000 }: OpenAiChatModelOptions, fetch: HttpTransport['fetch']): Promise<OpenAIClient> {
  const { OpenAI } = await import('openai');
  return new OpenAI({
    baseURL: baseUrl,
    // The package insists on a key but is not told the real one, which the transport adds.
    apiKey: 'none',
    // What it would otherwise read from the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    fetch,
  });
}

function refuseOddKey(apiKey: string | null): void {
  if (apiKey === null || /^[\x21-\x7e]+$/.test(apiKey)) return;
  throw new RiskflowError(ErrorCode.missingKey, 'the API key is empty or holds blanks or characters that no key has', {
    hint: 'Copy it again, without quotes and line breaks.',
  });
}

async function waitUnlessAborted(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(delayMs, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
