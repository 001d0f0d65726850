import { connect as connectSocket } from 'node:net';
import type { Connection, FieldPacket } from 'mysql2/promise';
import { RiskflowError, type ConnectorOf } from '../../schemas/index.ts';
import type { Column } from './columns.ts';
import { mysqlTrouble } from './mysql-trouble.ts';

type Settings = Pick<ConnectorOf<'mysql'>, 'url' | 'tls'>;

/** What the settings only name: the password, and the texts of the PEM files. */
export type MysqlSecrets = {
  readonly password?: string | undefined;
  readonly tls?: { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined } | undefined;
};

export type Result = { readonly columns: readonly Column[]; readonly rows: readonly (readonly (Uint8Array | null)[])[] };

/** A connection that can only read. What goes wrong is thrown as MysqlTrouble. */
export type Session = {
  ask(sql: string): Promise<Result>;
  /** At once, whatever it is doing. */
  close(): void;
};

const DEFAULT_PORT = 3306;
const CONNECT_MS = 10_000;
/** What the driver waits beyond the server's own limit, for a server that is silent. */
const PATIENCE_MS = 5000;
const UNKNOWN_VARIABLE = 1193;

/** The server as it may be shown. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `MySQL at ${host}${pathname}`;
}

/** The parts of an address. @throws RiskflowError `usage` for parameters behind it, which are not used. */
function addressOf(url: string): { readonly host: string; readonly port: number; readonly user: string; readonly database: string } {
  const { hostname, port, username, pathname, search } = new URL(url);
  if (search !== '')
    throw new RiskflowError('usage', `${placeOf(url)}: parameters in the url (${search.slice(0, 60)}) are not used: leave them out`);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    user: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

/** Opens a connection whose transactions only read, whose times are in UTC, and whose statements end after `statementMs`. */
export async function openSession(
  settings: Settings,
  { secrets, statementMs }: { readonly secrets: MysqlSecrets; readonly statementMs: number },
): Promise<Session> {
  const place = placeOf(settings.url);
  const { createConnection } = await import('mysql2/promise');
  const address = addressOf(settings.url);
  let connection: Connection;
  try {
    connection = await createConnection({
      ...address,
      ...tlsOf(settings.tls, secrets.tls, address),
      password: secrets.password ?? '',
      charset: 'utf8mb4',
      connectTimeout: CONNECT_MS,
    });
  } catch (error) {
    throw mysqlTrouble(place, error);
  }
  // What happens to a connection nobody is asking is met by the next statement.
  connection.on('error', () => undefined);
  const session = sessionOf(connection, place, statementMs + PATIENCE_MS);
  try {
    await session.ask("SET SESSION time_zone = '+00:00'");
    await session.ask('SET SESSION TRANSACTION READ ONLY');
    await limitStatements(session, statementMs);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** MySQL counts milliseconds, MariaDB seconds in another variable. */
async function limitStatements(session: Session, ms: number): Promise<void> {
  try {
    await session.ask(`SET SESSION max_execution_time = ${ms}`);
  } catch (error) {
    if (!isUnknownVariable(error)) throw error;
    await session.ask(`SET SESSION max_statement_time = ${ms / 1000}`);
  }
}

const isUnknownVariable = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && 'errno' in error.cause && error.cause.errno === UNKNOWN_VARIABLE;

function sessionOf(connection: Connection, place: string, timeout: number): Session {
  // The driver leaves a statement unanswered whose connection is destroyed.
  const asking = new Set<(reason: Error) => void>();
  const answer = (sql: string): ReturnType<Connection['query']> =>
    new Promise((resolve, reject) => {
      asking.add(reject);
      // Raw bytes, which are decoded here: the driver's own values are not exact.
      const asked = connection.query({ sql, rowsAsArray: true, typeCast: false, timeout });
      asked.then(resolve, reject).finally(() => asking.delete(reject));
    });
  return {
    async ask(sql) {
      try {
        const [rows, fields] = await answer(sql);
        // A statement without rows gives none of either.
        return { columns: columnsOf(fields), rows: Array.isArray(rows) ? (rows as readonly unknown[] as Result['rows']) : [] };
      } catch (error) {
        throw mysqlTrouble(place, error);
      }
    },
    close() {
      connection.destroy();
      for (const reject of asking) reject(new Error('the connection was closed'));
    },
  };
}

const JSON_TYPE = 245;

const columnsOf = (fields: readonly FieldPacket[] | undefined): readonly Column[] =>
  (fields ?? []).map((field) => {
    const { name, columnType = 0, characterSet = 0, flags } = field;
    // MariaDB keeps JSON as text, and says so beside the type.
    const isJson = 'extendedFormat' in field && field.extendedFormat === 'json';
    return { name, columnType: isJson ? JSON_TYPE : columnType, characterSet, flags: typeof flags === 'number' ? flags : 0 };
  });

function tlsOf(
  tls: Settings['tls'],
  texts: MysqlSecrets['tls'],
  { host, port }: { readonly host: string; readonly port: number },
): { readonly ssl?: object; readonly host?: string; readonly stream?: () => ReturnType<typeof connectSocket> } {
  if (tls === undefined) return {};
  const given = Object.fromEntries(Object.entries(texts ?? {}).filter(([, text]) => text !== undefined));
  const ssl = { ...given, rejectUnauthorized: true, verifyIdentity: true };
  if (tls.serverName === undefined) return { ssl };
  // The driver checks the certificate against the host: the name stands there, and the way to the server is our own.
  return { ssl, host: tls.serverName, stream: () => connectSocket({ host, port, noDelay: true, keepAlive: true }) };
}
