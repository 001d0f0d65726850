/** Names and values in the order they are sent or came; a name may come more than once. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

export type OutgoingPart =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly filename: string; readonly contentType: string; readonly bytes: Uint8Array };

export type OutgoingBody =
  { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'multipart'; readonly parts: readonly OutgoingPart[] };

/** Status and headers of an answer, before its body is read. Names of headers are in lower case. */
export type OutgoingHead = { readonly status: number; readonly headers: HeaderList; readonly finalUrl: string };

export type OutgoingRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers?: HeaderList;
  /** A multipart body brings its own content-type. */
  readonly body?: OutgoingBody;
  /** Names of headers beside Authorization and Cookie that only the origin of `url` may be told. */
  readonly secretHeaders?: readonly string[];
  /** The body holds a secret: a redirect that would tell it to another origin is refused. */
  readonly secretBody?: boolean;
  /** Redirects that are followed. With 0 a redirect is the answer. @default 5 */
  readonly redirects?: number;
  /**
   * Milliseconds: until connected, between two pieces of the answer (and until its first), until the request is sent, and for all of it,
   * redirects included.
   * @default connect 5000, read 30000, write 30000, total 30000
   */
  readonly timeouts?: { readonly connect?: number; readonly read?: number; readonly write?: number; readonly total?: number };
  /** Most bytes of the body, as it comes and unpacked. @default 5 MiB */
  readonly maxBodyBytes?: number | ((head: OutgoingHead) => number);
  /**
   * True for who wants to know only how it was answered: the body comes out empty, whatever becomes of it. At most 64 KiB of it are read,
   * for a second, so that the connection can be used again.
   */
  readonly ignoreBody?: boolean;
  /** False takes any certificate. @default true */
  readonly verifyTls?: boolean;
  /** Who asks, for the audit: "http-request node fetch", "sinks.hooks". */
  readonly purpose: string;
  readonly signal: AbortSignal;
};

export type OutgoingFailureType =
  /** The guard does not let it pass; asking again is of no use. */
  | 'refused'
  /** Names that are not found, connections that fail or break, certificates that are not trusted. */
  | 'connection'
  | 'timeout'
  /** The answer is larger than allowed. */
  | 'size'
  /** What was to be sent, or what came, is not HTTP. */
  | 'protocol';

/** An answer with whatever status, or why there is none: one sentence, which holds no more of the URL than where it leads. */
export type OutgoingResult =
  | ({
      readonly ok: true;
      /** Unpacked (gzip, deflate, br). */
      readonly body: Uint8Array;
      /** Redirects that were followed. */
      readonly hops: number;
    } & OutgoingHead)
  | {
      readonly ok: false;
      readonly type: OutgoingFailureType;
      readonly message: string;
      /** The same without the place: "connect ECONNREFUSED 10.0.0.1:80". */
      readonly reason: string;
    };

/** A place by name (or address) and port, as it stands in a URL. */
export type HostAndPort = { readonly host: string; readonly port: number };

/** What the guard did that an operator may want to know. */
export type OutgoingAudit = {
  readonly verdict: 'refused' | 'listed';
  readonly purpose: string;
  readonly method: string;
  /** Without user, password, query and fragment; of places that the configuration names also without the path. */
  readonly url: string;
  /** The address in question, where it is known. */
  readonly address: string | null;
  readonly reason: string;
  /** Which redirect led there; 0 for the first request. */
  readonly hop: number;
};

/**
 * The one way to places outside that a flow, a tool or a user may name. Only public addresses are connected to, and those that the operator
 * listed by host and port.
 */
export type OutgoingClient = {
  /** Never rejects but with the reason of the signal. */
  send(request: OutgoingRequest): Promise<OutgoingResult>;
  /**
   * A client that may also go to these places, for what the operator wrote in the configuration: endpoints of models, webhooks. It has
   * connections of its own, tells the audit of refusals only, without paths, and is closed with this one at the latest.
   */
  trusting(places: readonly HostAndPort[]): OutgoingClient;
  close(): Promise<void>;
};
