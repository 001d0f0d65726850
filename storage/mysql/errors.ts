import type { Trouble } from '../dialect.ts';

/** Server error numbers (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-codes/). */
const DUPLICATE_KEY = 1062;
const LOCK_WAIT_TIMEOUT = 1205;
/** A deadlock; a row that changed since the snapshot (MariaDB). */
const CONFLICTS: ReadonlySet<number> = new Set([1213, 1020]);

/** The server goes, has gone, is not there yet or takes nobody: another connection, a little later, may well find it. */
const LOST: ReadonlySet<number> = new Set([
  1040, // too many connections
  1053, // the server shuts down
  1152, // the connection was aborted
  1158, // and so on: reading or writing a packet failed
  1159,
  1160,
  1161,
  1184,
  1317, // the statement was ended, as a server does that shuts down
  1927, // the connection was killed (MariaDB)
  3032, // the server is in offline mode
  3169, // the session was killed
  4031, // the server closed the connection after a time of silence
]);

/** The server takes no writes: it is a replica, became one, or is being demoted. */
const READ_ONLY: ReadonlySet<number> = new Set([1290, 1792, 1836]);

/** What the operating system, the resolver and the driver say of a connection that is gone or never came to be. */
const LOST_CODES: ReadonlySet<string> = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** A connection that is cut while it is being encrypted, which the driver gives the same code as a certificate that is refused. */
const isCutInTls = (error: Error): boolean =>
  'code' in error && error.code === 'HANDSHAKE_SSL_ERROR' && /disconnected|ECONNRESET|EPIPE/.test(error.message);

/** What is said when no answer comes at all: the other end may well live on without a way to it, and its sessions too. */
const SILENCE_CODES: ReadonlySet<string> = new Set(['PROTOCOL_SEQUENCE_TIMEOUT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** As the driver says it. */
export const connectionLost = (why: string): Error =>
  Object.assign(new Error(`the connection was lost: ${why}`), { code: 'PROTOCOL_CONNECTION_LOST' });

/** As the driver says it when no answer comes within a time limit. */
export const silenceError = (limitMs: number): Error =>
  Object.assign(new Error(`no answer came for ${limitMs / 1000} s`), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' });

/** Whether the server itself has said it: somebody is there. */
export const isAnswer = (error: unknown): boolean => error instanceof Error && errorNumber(error) !== undefined;

/** Of a lost connection: whether the server may not have noticed. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && SILENCE_CODES.has(error.code);

function errorNumber(error: Error): number | undefined {
  // Negative ones are the operating system's.
  return 'errno' in error && typeof error.errno === 'number' && error.errno > 0 ? error.errno : undefined;
}

export function trouble(error: unknown): Trouble {
  if (!(error instanceof Error)) return 'other';
  const number = errorNumber(error);
  if (number === undefined) return isConnectionLost(error) ? 'lost' : 'other';
  if (number === DUPLICATE_KEY) return 'duplicate';
  if (number === LOCK_WAIT_TIMEOUT) return 'busy';
  if (CONFLICTS.has(number)) return 'conflict';
  if (READ_ONLY.has(number)) return 'read-only';
  return LOST.has(number) ? 'lost' : 'other';
}

/** Without a number the error is not the server's but the driver's, to which a dead connection is fatal. */
function isConnectionLost(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string' && LOST_CODES.has(error.code)) return true;
  if (isCutInTls(error)) return true;
  return 'fatal' in error && error.fatal === true && /closed|lost|terminated|ended/i.test(error.message);
}
