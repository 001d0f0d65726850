import { lookup } from 'node:dns/promises';
import type { Agent } from 'undici';
import type { HostAndPort, OutgoingAudit, OutgoingClient, OutgoingRequest, OutgoingResult } from '../../schemas/index.ts';
import { dial, type Dial } from './dial.ts';
import { exchange, type Answer, type Hop } from './exchange.ts';
import { failureOf } from './failure.ts';
import { guardedConnector, type Resolve } from './guarded-connector.ts';
import { nextRequest, type Asked } from './next-request.ts';
import { refusalIn } from './refusal.ts';
import { requestBody } from './request-body.ts';
import { requestHeaders } from './request-headers.ts';
import { ACCEPTED_ENCODINGS, unpackBody } from './unpack-body.ts';
import { checkUrl, placeName, STANDARD_PORTS, type UrlPolicy, type UrlRefusal } from './url-rule.ts';

export type OutgoingClientOptions = {
  /** Places that may be asked whatever their addresses are. */
  readonly allow?: readonly HostAndPort[];
  /** Ports of all others. @default 80, 443, 8080, 8443 */
  readonly ports?: readonly number[];
  readonly audit: (entry: OutgoingAudit) => void;
  /** @default what the system answers, all of it */
  readonly resolve?: Resolve;
  readonly dial?: Dial;
};

const DEFAULT_MS = { connect: 5_000, read: 30_000, write: 30_000, total: 30_000 } as const;
const LONGEST_CONNECT_MS = 10_000;
const DEFAULT_MAX_BYTES = 5 * 1024 * 1024;
const DEFAULT_REDIRECTS = 5;
const MAX_HEADER_BYTES = 64 * 1024;

const resolveBySystem: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * The guarded HTTP client. Every hop is checked anew: the URL before it is asked, the addresses of its name when it is connected to, and the
 * address that was really reached. Redirects are followed by hand. No proxy of the environment is used.
 */
export const createOutgoingClient = (options: OutgoingClientOptions): OutgoingClient =>
  openClient(options, { listed: setOf(options.allow ?? []), ports: new Set(options.ports ?? STANDARD_PORTS) }, options.audit);

const setOf = (places: readonly HostAndPort[]): ReadonlySet<string> => new Set(places.map(placeName));

type Agents = {
  readonly agentFor: (verifyTls: boolean) => Promise<Agent>;
  /** The address that was connected to last for a place. */
  readonly addressOf: (place: string) => string | null;
  readonly close: () => Promise<void>;
};

function openClient(options: OutgoingClientOptions, policy: UrlPolicy, audit: OutgoingClientOptions['audit']): OutgoingClient {
  const agents = openAgents(options, policy);
  const trusted = new Set<OutgoingClient>();
  return {
    send: (request) => send({ policy, agents, audit }, request),
    trusting: (places) => {
      const inner = openClient(options, { ...policy, listed: new Set([...policy.listed, ...setOf(places)]) }, refusalsOf(audit));
      const client: OutgoingClient = {
        ...inner,
        close: () => {
          trusted.delete(client);
          return inner.close();
        },
      };
      trusted.add(client);
      return client;
    },
    close: async () => {
      await Promise.all([agents.close(), ...[...trusted].map((client) => client.close())]);
    },
  };
}

/** Uses are what the configuration says; its paths are secret, as those of webhooks often are. */
const refusalsOf =
  (audit: OutgoingClientOptions['audit']): OutgoingClientOptions['audit'] =>
  (entry) => {
    if (entry.verdict === 'refused') audit({ ...entry, url: URL.parse(entry.url)?.origin ?? entry.url });
  };

/** Connections of one policy. Another policy must not find them: they may lead where it would not go. */
function openAgents({ resolve = resolveBySystem, dial: dialed = dial }: OutgoingClientOptions, policy: UrlPolicy): Agents {
  const open = new Map<boolean, Promise<Agent>>();
  const reached = new Map<string, string>();
  const create = async (verifyTls: boolean): Promise<Agent> => {
    // With the first request: it takes longer to load than most commands have to do.
    const undici = await import('undici');
    const connect = guardedConnector({
      policy,
      resolve,
      dial: dialed,
      verifyTls,
      timeoutMs: LONGEST_CONNECT_MS,
      onConnected: (place, address) => {
        // Only uses of listed places are told; of all others there may be any number.
        if (policy.listed.has(place)) reached.set(place, address);
      },
    });
    return new undici.Agent({ connect, allowH2: false, maxHeaderSize: MAX_HEADER_BYTES, keepAliveMaxTimeout: 30_000 });
  };
  return {
    agentFor: (verifyTls) => {
      const agent = open.get(verifyTls) ?? create(verifyTls);
      open.set(verifyTls, agent);
      return agent;
    },
    addressOf: (place) => reached.get(place) ?? null,
    close: async () => {
      await Promise.all([...open.values()].map(async (agent) => (await agent).destroy()));
    },
  };
}

type Sending = { readonly policy: UrlPolicy; readonly agents: Agents; readonly audit: OutgoingClientOptions['audit'] };
type Refused = Extract<OutgoingResult, { readonly ok: false }>;
/** One request of a chain of redirects. */
type Step = { readonly asked: Asked; readonly hop: number; readonly request: OutgoingRequest; readonly timeouts: Hop['timeouts'] };

async function send(sending: Sending, request: OutgoingRequest): Promise<OutgoingResult> {
  request.signal.throwIfAborted();
  const body = requestBody(request.body);
  const headers = requestHeaders(request, { brought: body.headers, encodings: ACCEPTED_ENCODINGS });
  if (!headers.ok) return { ok: false, type: 'protocol', message: headers.message, reason: headers.message };
  const checked = checkUrl(request.url, sending.policy);
  if (!checked.ok) return refuse(sending, { request, method: headers.method, hop: 0 }, checked);

  const timeouts = { ...DEFAULT_MS, ...request.timeouts };
  const until = performance.now() + timeouts.total;
  const most = request.redirects ?? DEFAULT_REDIRECTS;
  const secretHeaders = new Set((request.secretHeaders ?? []).map((name) => name.toLowerCase()));
  let asked: Asked = { method: headers.method, url: checked.url, headers: headers.list, body: body.bytes };
  for (let hop = 0; ; hop++) {
    const total = Math.max(1, until - performance.now());
    const answer = await ask(sending, { asked, hop, request, timeouts: { ...timeouts, total } });
    if ('ok' in answer) return answer;
    const next = most === 0 ? null : nextRequest(asked, answer, secretHeaders);
    if (next === null) return request.ignoreBody === true ? { ok: true, ...answer, hops: hop } : finish(answer, hop, limitOf(request));
    const { origin } = asked.url;
    if (next === 'broken')
      return { ok: false, type: 'protocol', message: `${origin} redirects to what is no URL`, reason: 'it redirects to what is no URL' };
    if (hop >= most) {
      const reason = `more than ${most} redirects, the last from ${origin}`;
      tell(sending, { verdict: 'refused', request, method: next.method, url: shown(next.url), address: null, reason, hop });
      return { ok: false, type: 'refused', message: reason, reason };
    }
    if (request.secretBody === true && next.body !== null && next.url.origin !== origin) {
      const reason = 'it would repeat a body with a secret to another origin';
      return refuse(
        sending,
        { request, method: next.method, hop: hop + 1 },
        { reason, place: next.url.origin, address: null, listable: null },
      );
    }
    asked = next;
  }
}

/** Checks a hop, and asks. */
async function ask(sending: Sending, { asked, hop, request, timeouts }: Step): Promise<Answer | Refused> {
  const { policy, agents } = sending;
  const checked = checkUrl(asked.url, policy);
  const at = { request, method: asked.method, hop };
  if (!checked.ok) return refuse(sending, at, checked);
  const { origin, hostname } = asked.url;
  const place = placeName({ host: hostname, port: checked.port });
  const tellUse = (): void => {
    const address = checked.address ?? agents.addressOf(place);
    if (checked.listed) tell(sending, { ...at, verdict: 'listed', url: shown(asked.url), address, reason: `${place} is listed` });
  };
  try {
    const answer = await exchange(await agents.agentFor(request.verifyTls ?? true), {
      ...asked,
      timeouts: { ...timeouts, connect: Math.min(timeouts.connect, LONGEST_CONNECT_MS) },
      maxBodyBytes: limitOf(request),
      ignoreBody: request.ignoreBody ?? false,
      signal: request.signal,
    });
    tellUse();
    return answer;
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal !== undefined)
      return refuse(sending, at, { reason: refusal.message, place: origin, address: refusal.address, listable: refusal.listable });
    tellUse();
    request.signal.throwIfAborted();
    return failureOf(error, origin, request.timeouts?.total ?? DEFAULT_MS.total);
  }
}

function tell({ audit }: Sending, { request, ...entry }: Omit<OutgoingAudit, 'purpose'> & { readonly request: OutgoingRequest }): void {
  audit({ purpose: request.purpose, ...entry });
}

function refuse(
  sending: Sending,
  at: { readonly request: OutgoingRequest; readonly method: string; readonly hop: number },
  { reason, place, address, listable }: UrlRefusal,
): Refused {
  tell(sending, { ...at, verdict: 'refused', url: place ?? '(no URL)', address, reason });
  const what = `${at.hop === 0 ? 'the request' : 'the redirect'}${place === null ? '' : ` to ${place}`}`;
  const way = listable === null ? '' : `; the operator can let it out by listing ${listable} in outgoing.allow`;
  return { ok: false, type: 'refused', message: `${what} is not let out: ${reason}${way}`, reason };
}

const limitOf = ({ maxBodyBytes = DEFAULT_MAX_BYTES }: OutgoingRequest): Hop['maxBodyBytes'] =>
  typeof maxBodyBytes === 'number' ? () => maxBodyBytes : maxBodyBytes;

async function finish({ body, ...head }: Answer, hops: number, limit: Hop['maxBodyBytes']): Promise<OutgoingResult> {
  try {
    const encoding = head.headers
      .filter(([name]) => name === 'content-encoding')
      .map(([, value]) => value)
      .join(',');
    return { ok: true, ...head, body: await unpackBody(body, encoding, limit(head)), hops };
  } catch (error) {
    return failureOf(error, new URL(head.finalUrl).origin, 0);
  }
}

/** Without user, password, query and fragment. */
const shown = ({ origin, pathname }: URL): string => `${origin}${pathname}`;
