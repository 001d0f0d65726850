import { hasSecrets } from '../flow/index.ts';
import { NO_USAGE, type CallSlot, type HeaderList, type HttpRequestEffect, type OutgoingFailureType } from '../schemas/index.ts';
import { bodyOf } from './http-body.ts';
import { refused, type HttpDeps, type HttpLimits, type Prepared } from './http-deps.ts';
import { limitFor, outputsOf } from './http-outputs.ts';
import type { Performed } from './performed.ts';

export type HttpCall = {
  /** With its placeholders, which tell what is secret. */
  readonly request: HttpRequestEffect;
  /** The same with the secrets filled in. */
  readonly filled: HttpRequestEffect;
  /** Values that must not come back. */
  readonly secrets: readonly string[];
  readonly runId: string;
  /** Who asks, for the audit. */
  readonly purpose: string;
  readonly signal: AbortSignal;
  readonly slot: CallSlot | undefined;
};

/** Makes the request of an http-request node. Any answer is a result; what its status means is the node's to say. */
export async function performHttpRequest(call: HttpCall, deps: HttpDeps): Promise<Performed> {
  const startedAt = performance.now();
  const fail = (type: string, message: string, more: { readonly calls?: number; readonly retryable?: boolean } = {}): Performed => ({
    failure: { type, message, retryable: more.retryable ?? false },
    usage: { ...NO_USAGE, calls: more.calls ?? 0 },
    elapsedMs: performance.now() - startedAt,
  });
  const url = urlOf(call.filled);
  if (!url.ok) return fail(url.type, url.message);
  const authorization = authorizationOf(call);
  if (!authorization.ok) return fail(authorization.type, authorization.message);
  const body = await bodyOf(call.filled.body, deps, call.signal);
  if (!body.ok) return fail(body.type, body.message);

  const { verifyTls, timeouts, method } = call.filled;
  await call.slot?.take(call.signal);
  const result = await deps.outgoing.send({
    method,
    url: url.value,
    headers: headersOf(call.filled, { authorization: authorization.value.header, contentType: body.value.contentType }),
    secretHeaders: secretHeaderNames(call),
    secretBody: hasSecrets(JSON.stringify(call.request.body)),
    ...(body.value.body === undefined ? {} : { body: body.value.body }),
    timeouts: { ...timeouts, total: timeouts.connect + timeouts.write + timeouts.read },
    maxBodyBytes: (head) => limitFor(head, deps.httpLimits),
    verifyTls,
    purpose: call.purpose,
    signal: call.signal,
  });
  if (!result.ok) {
    const isRefused = result.type === 'refused';
    return fail(FAILURES[result.type], explained(result, deps.httpLimits), {
      calls: isRefused ? 0 : 1,
      retryable: RETRYABLE.has(result.type),
    });
  }
  const answer = await outputsOf({ runId: call.runId, answer: result, secrets: call.secrets, hidden: authorization.value.hidden, deps });
  if (!answer.ok) return fail(answer.type, answer.message, { calls: 1 });
  return { outputs: answer.value, usage: { ...NO_USAGE, calls: 1 }, elapsedMs: performance.now() - startedAt };
}

const FAILURES: Readonly<Record<OutgoingFailureType, string>> = {
  refused: 'ToolSSRFError',
  connection: 'HttpRequestNodeError',
  timeout: 'HttpRequestNodeError',
  protocol: 'HttpRequestNodeError',
  size: 'ResponseSizeError',
};
const RETRYABLE: ReadonlySet<OutgoingFailureType> = new Set<OutgoingFailureType>(['connection', 'timeout']);

const explained = ({ type, message }: { readonly type: OutgoingFailureType; readonly message: string }, limits: HttpLimits): string =>
  type === 'size' && message.includes(' bytes')
    ? `${message} (settings outgoing.maxTextBytes, ${limits.maxTextBytes}, and outgoing.maxBinaryBytes, ${limits.maxBinaryBytes})`
    : message;

/** The URL with its parameters. Its text is not repeated: it may hold secrets. */
function urlOf({ url, params }: HttpRequestEffect): Prepared<string> {
  if (url === '') return refused('InvalidURLError', 'the url is empty once its variables are filled in');
  if (!/^https?:\/\//.test(url)) return refused('InvalidURLError', 'the url should start with http:// or https://');
  const parsed = URL.parse(url);
  if (parsed === null) return refused('InvalidURLError', 'the url cannot be read');
  if (params.length === 0) return { ok: true, value: parsed.href };
  const query = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value])).toString();
  parsed.search = parsed.search === '' ? query : `${parsed.search}&${query}`;
  return { ok: true, value: parsed.href };
}

/** The header of the key, and what may stand for the key in an answer that repeats it. */
type Authorization = { readonly header: readonly [string, string] | null; readonly hidden: readonly string[] };

function authorizationOf({ request, filled }: HttpCall): Prepared<Authorization> {
  const { authorization } = filled;
  if (authorization === null) return { ok: true, value: { header: null, hidden: [] } };
  const { type, key, header: name } = authorization;
  if (key.trim() === '') return refused('AuthorizationConfigError', 'the API key is empty once its variables are filled in');
  if (type !== 'basic') return { ok: true, value: { header: [name, type === 'bearer' ? `Bearer ${key}` : key], hidden: [] } };
  const credentials = key.includes(':') ? Buffer.from(key).toString('base64') : key;
  const isSecret = hasSecrets(request.authorization?.key ?? '');
  return { ok: true, value: { header: [name, `Basic ${credentials}`], hidden: isSecret ? [credentials] : [] } };
}

type Extra = { readonly authorization: readonly [string, string] | null; readonly contentType: string | null };

/** As in a dict of Python: the last of several equal names is sent. The key comes before what the node says of the same header. */
function headersOf({ headers }: HttpRequestEffect, { authorization, contentType }: Extra): HeaderList {
  const byName = new Map<string, readonly [string, string]>();
  // A line break would end the header.
  for (const [name, value] of headers) byName.set(name.toLowerCase(), [name, value.replace(/[\r\n]+/g, ' ')]);
  if (authorization !== null) byName.set(authorization[0].toLowerCase(), authorization);
  if (contentType !== null && !byName.has('content-type')) byName.set('content-type', ['Content-Type', contentType]);
  return [...byName.values()];
}

/** Headers that hold a secret are told to nobody else, whatever they are called. */
const secretHeaderNames = ({ request, filled }: HttpCall): readonly string[] => [
  ...filled.headers.flatMap(([name], at) => (request.headers[at]?.some(hasSecrets) === true ? [name] : [])),
  ...(filled.authorization === null ? [] : [filled.authorization.header]),
];
