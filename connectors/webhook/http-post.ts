/** What a receiver answered. Its body is nobody's business: it may repeat what was sent. */
export type HttpAnswer = { readonly status: number; readonly retryAfter: string | null };

/**
 * Posts a text, follows no redirect, and resolves with any answer there is. Rejects when there is none. The one place where webhooks leave
 * the program: who composes it gives the client that guards against addresses inside the network.
 */
export type HttpPost = (
  url: string,
  request: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    /** Milliseconds for all of it, after which the signal aborts. */ readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
) => Promise<HttpAnswer>;
