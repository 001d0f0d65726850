import { messageOf, RiskflowError } from '../../schemas/core.ts';

/** Server error numbers, and codes of the operating system and the driver, with what a person can do about them. */
const REMEDIES: readonly (readonly [codes: readonly (number | string)[], remedy: (place: Place) => string])[] = [
  [
    [1045, 1698],
    () =>
      'mend the user in RISKFLOW_MYSQL_URL or storage.mysql.url, or the password: in RISKFLOW_MYSQL_URL, in RISKFLOW_MYSQL_PASSWORD, or where ' +
      'storage.mysql.passwordEnv or passwordFile say',
  ],
  [[1044], ({ database, user }) => `give the user rights on it: GRANT ALL ON ${database}.* TO ${user}`],
  [[1049], ({ database }) => `make it (CREATE DATABASE ${database}), or name another one in RISKFLOW_MYSQL_URL or storage.mysql.url`],
  [[1040, 1203], () => 'raise max_connections of the server, or lower storage.mysql.connections'],
  [[1129, 1130], () => 'let the server take connections of this machine'],
  [['ECONNREFUSED'], () => 'start the server, or mend host and port in RISKFLOW_MYSQL_URL or storage.mysql.url'],
  [['ENOTFOUND', 'EAI_AGAIN'], () => 'mend the host in RISKFLOW_MYSQL_URL or storage.mysql.url, whose name cannot be looked up here'],
  [['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'], () => 'see that the host is right, and that no firewall is in between'],
  [['HANDSHAKE_NO_SSL_SUPPORT'], () => 'the server has no TLS: leave storage.mysql.tls out, or set it up there'],
  [['HANDSHAKE_SSL_ERROR'], () => 'see that storage.mysql.tls names the authority that signed the certificate of the server, and its name'],
];

type Place = { readonly host: string; readonly database: string; readonly user: string };

/** The parts of an address that may be shown: all but the password. */
const placeOf = (url: string): Place => {
  const { host, pathname, username } = new URL(url);
  return { host, database: pathname.slice(1), user: decodeURIComponent(username) };
};

/** The address without user and password. */
export function nameOf(url: string): string {
  const { host, database } = placeOf(url);
  return `the database ${database} on the MySQL server ${host}`;
}

/** What a person is told when a server takes no connections, or not this one: who wanted in where, and what to look at. */
export function refusal(url: string, error: unknown): RiskflowError {
  const place = placeOf(url);
  const codes: readonly unknown[] = error instanceof Error ? ['errno' in error && error.errno, 'code' in error && error.code] : [];
  const remedy = REMEDIES.find(([known]) => known.some((code) => codes.includes(code)))?.[1];
  return new RiskflowError('failed', `${nameOf(url)} cannot be opened as user ${place.user}: ${messageOf(error)}`, {
    hint: remedy?.(place) ?? 'see that the server runs, and that the database and the user exist',
    cause: error,
  });
}

const TABLES_CHANGED = 'see what is there with `riskflow doctor`, and make what is missing with `riskflow migrate`';

const RUNNING_RIGHTS =
  'give the user select, insert, update, delete and create temporary tables on the database: `riskflow doctor` has the statement, and ' +
  'docs/operations.md lists the rights';

/** Of an open database: server error numbers, with what a person can do about the message. */
const DENIALS: ReadonlyMap<number, (message: string) => string> = new Map([
  // The statement is named: whoever may not change tables can work with those that somebody else has made.
  [
    1142,
    (message: string) =>
      /\b(?:CREATE|ALTER|DROP|INDEX)\b[A-Z, ]* command denied/.test(message)
        ? 'run `riskflow migrate` (or `restore`) once as a user that may create, alter, drop and index; docs/operations.md lists the rights'
        : RUNNING_RIGHTS,
  ],
  [1044, () => RUNNING_RIGHTS],
  [1227, () => RUNNING_RIGHTS],
  [1146, () => TABLES_CHANGED],
]);
const NO_SUCH_TABLE = 1146;

/** A statement that the server refuses for want of rights, or of a table that was there, as a person is told it; any other error as it is. */
export function explained(url: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return error;
  const hint = DENIALS.get(error.errno)?.(error.message);
  if (hint === undefined) return error;
  const { user } = placeOf(url);
  const what = error.errno === NO_SUCH_TABLE ? 'has not the tables that are expected' : `grants user ${user} too little`;
  return new RiskflowError('failed', `${nameOf(url)} ${what}: ${error.message}`, { hint, cause: error });
}
