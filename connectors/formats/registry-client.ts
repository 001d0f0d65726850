import { Agent } from 'node:https';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { ErrorCode, RiskflowError, messageOf, type RegistrySettings } from '../../schemas/index.ts';
import { avroReading } from './avro-values.ts';

/** What TLS needs, as the contents of PEM files. */
export type TlsContents = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
};

/** What the settings of a registry only refer to. */
export type RegistrySecrets = { readonly password?: string | undefined; readonly tls?: TlsContents | undefined };

const TIMEOUT_MS = 10_000;

/** As much of Ajv's strictness is off as makes it refuse schemas, not values: unknown words, formats and drafts. */
const JSON_OPTIONS = { strict: false, validateSchema: false, validateFormats: false, logger: false } as const;

/** The message that `withPlaceholder` puts before all others. */
export const PLACEHOLDER = 'RiskflowPlaceholder';
/** The place before it: imports and options must stay before all declarations. */
const FIRST_DECLARATION = /(?<=^\s*|[;}]\s*|\*\/\s*)(?=(?:message|enum|service|extend)\s+[\w.]+\s*\{)/m;

/**
 * The library takes the first thing that a Protobuf file declares for its message, and fails where that is an enum. So a message of our own
 * goes first, which the decoder knows.
 */
function withPlaceholder(response: Response): Response {
  const data: unknown = response.data();
  if (typeof data !== 'object' || data === null || !('schemaType' in data) || data.schemaType !== 'PROTOBUF') return response;
  if (!('schema' in data) || typeof data.schema !== 'string') return response;
  const schema = data.schema.replace(FIRST_DECLARATION, () => `message ${PLACEHOLDER} {} `);
  return response.enhance({ rawData: JSON.stringify({ ...data, schema }) });
}

type ClientOptions = ConstructorParameters<typeof SchemaRegistry>[0];
type Middleware = NonNullable<ClientOptions['middlewares']>[number];
type Response = Awaited<ReturnType<Parameters<NonNullable<ReturnType<Middleware>['response']>>[0]>>;

/** `reading`: schemas are for reading records, exactly; else they are as the library makes them, for writing plain JSON values. */
export function createRegistryClient(settings: RegistrySettings, secrets: RegistrySecrets, use: 'reading' | 'writing'): SchemaRegistry {
  const { username } = settings;
  const options: ClientOptions = {
    host: settings.url.replace(/\/+$/, ''),
    clientId: 'riskflow',
    ...(username === undefined ? {} : { auth: { username, password: secrets.password ?? '' } }),
    ...(settings.url.startsWith('https:') ? { agent: new Agent({ keepAlive: true, ...tlsOptions(secrets.tls ?? {}) }) } : {}),
    middlewares: [
      () => ({
        request: (request) => Promise.resolve(request.enhance({ timeout: TIMEOUT_MS })),
        response: async (next) => {
          const response = await next();
          return use === 'reading' && response.request().path().startsWith('/schemas/ids/') ? withPlaceholder(response) : response;
        },
      }),
    ],
  };
  return new SchemaRegistry(options, use === 'reading' ? { [SchemaType.AVRO]: avroReading, [SchemaType.JSON]: { ...JSON_OPTIONS } } : {});
}

/** As Node's tls takes them. */
export function tlsOptions({ ca, cert, key, serverName }: TlsContents): Record<string, string> {
  const options = { ca, cert, key, servername: serverName };
  return Object.fromEntries(Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** What an error of the registry client means. */
export type RegistryTrouble =
  /** It says that it has no such schema. */
  | { readonly kind: 'unknown' }
  /** The registry answered, and what it gave cannot be used. */
  | { readonly kind: 'unusable'; readonly reason: string }
  /** It passes: a registry that is away or answers nonsense. `busy`. */
  | { readonly kind: 'away'; readonly error: RiskflowError }
  /** It does not pass: wrong user or password, a certificate that is not trusted. */
  | { readonly kind: 'refused'; readonly error: RiskflowError };

/** How Node and OpenSSL say that a certificate is missing, or not the right one; a connection that is cut says none of it. */
const TLS = /certificate|altnames|ssl routines|tlsv1|sslv3|wrong version number/i;

/** The library reports every failure of the way as `ResponseError` with a status, also where there was no answer (400). */
export function registryTrouble(error: unknown, settings: RegistrySettings): RegistryTrouble {
  const message = messageOf(error).replace(/^riskflow - /, '');
  if (!(error instanceof Error) || !('status' in error)) return { kind: 'unusable', reason: message };
  const where = `the schema registry at ${settings.url}`;
  const { status } = error;
  // A registry tells what it misses in JSON; a page that is not found tells only of a wrong address.
  if (status === 404 && !message.startsWith('Error, status 404')) return { kind: 'unknown' };
  if (status === 401 || status === 403) {
    const who = settings.username === undefined ? 'asks for a user and a password' : `refused user "${settings.username}"`;
    const hint = 'set username, and passwordEnv or passwordFile, of the registry, and check what the variable or file holds';
    return { kind: 'refused', error: new RiskflowError(ErrorCode.usage, `${where} ${who} (status ${status})`, { hint, cause: error }) };
  }
  if (settings.url.startsWith('https:') && TLS.test(message)) {
    const hint =
      'set tls.ca to the authority that signed the registry, tls.serverName where its certificate has another name than the url, and tls.cert and tls.key where it asks for a certificate';
    const why = message.replace(/^Error, status 400: /, '');
    return { kind: 'refused', error: new RiskflowError(ErrorCode.usage, `no TLS connection to ${where}: ${why}`, { hint, cause: error }) };
  }
  const why =
    status === 404
      ? 'answers 404, but not as a registry: is the url right?'
      : `does not answer: ${message.replace(/^Error, status 400: /, '')}`;
  return { kind: 'away', error: new RiskflowError(ErrorCode.busy, `${where} ${why}`, { cause: error }) };
}
