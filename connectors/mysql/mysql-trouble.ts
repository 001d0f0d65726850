import { messageOf, RiskflowError } from '../../schemas/index.ts';

/** Something that the server or the way to it is to blame for. `passes`: it may be well again later. */
export class MysqlTrouble extends RiskflowError {
  readonly passes: boolean;
  constructor(
    passes: boolean,
    error: { readonly code: RiskflowError['code']; readonly message: string; readonly hint?: string; readonly cause?: unknown },
  ) {
    super(error.code, error.message, { ...(error.hint === undefined ? {} : { hint: error.hint }), cause: error.cause });
    this.passes = passes;
  }
}

/** Server error numbers (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html) that another try may not meet. */
const PASSING: ReadonlyMap<number, string> = new Map([
  [1040, 'it has too many connections'],
  [1053, 'it shuts down'],
  [1152, 'the connection was aborted'],
  [1158, 'the connection was lost'],
  [1159, 'the connection was lost'],
  [1160, 'the connection was lost'],
  [1161, 'the connection was lost'],
  [1184, 'the connection was aborted'],
  [1203, 'its user has too many connections'],
  [1205, 'a lock was waited for too long'],
  [1213, 'it chose this query to end a deadlock'],
  [1317, 'the query was ended'],
  [1927, 'the connection was ended'],
  [1969, 'the query took longer than is allowed'],
  [3024, 'the query took longer than is allowed'],
  [3032, 'it is in offline mode'],
  [3169, 'the session was ended'],
  [4031, 'it closed a connection that was silent for long'],
]);

/** Those that a person must mend, with how. */
const HINTS: ReadonlyMap<number, string> = new Map([
  [1044, 'give the user the right to read the database, or name another one in url'],
  [1045, 'mend the user in url, or the password where passwordEnv or passwordFile say'],
  [1698, 'mend the user in url, or the password where passwordEnv or passwordFile say'],
  [1049, 'name a database that exists in url'],
  [1046, 'name the database in url'],
  [1054, 'watermark and key must be columns of the query, and the query must name columns that exist'],
  [1060, 'give columns of the same name different ones, with AS'],
  [1064, 'the query must be one SELECT without ORDER BY, LIMIT and FOR UPDATE'],
  [1142, 'give the user the right to read the table'],
  [1143, 'give the user the right to read the column'],
  [1146, 'the query must name tables that exist'],
  [1792, 'the query must only read'],
]);

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|HANDSHAKE_SSL_ERROR|HANDSHAKE_NO_SSL_SUPPORT|ERR_SSL|ERR_TLS/;
/** A connection that is cut while it is being encrypted has the code of a certificate that is refused. */
const CUT = /disconnected|ECONNRESET|EPIPE/;

/** What went wrong with a server, as a sentence. `place`: the server, as it may be shown. */
export function mysqlTrouble(place: string, error: unknown): MysqlTrouble {
  if (error instanceof MysqlTrouble) return error;
  const { errno, code } = numbersOf(error);
  const passing = errno === undefined ? undefined : PASSING.get(errno);
  if (passing !== undefined) return new MysqlTrouble(true, { code: 'busy', message: `${place}: ${passing}`, cause: error });
  if (errno !== undefined) {
    const hint = HINTS.get(errno);
    return new MysqlTrouble(false, {
      code: hint === undefined ? 'failed' : 'usage',
      message: `${place} refuses: ${messageOf(error)}`,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
  if (code !== undefined && CERTIFICATE.test(code) && !CUT.test(messageOf(error))) {
    const hint = 'see that the server has TLS, and that tls names the authority that signed its certificate, and the name in it';
    return new MysqlTrouble(false, {
      code: 'failed',
      message: `${place} cannot be reached safely: ${messageOf(error)}`,
      hint,
      cause: error,
    });
  }
  return new MysqlTrouble(true, { code: 'busy', message: `${place} cannot be reached: ${code ?? messageOf(error)}`, cause: error });
}

/** The server's error number is below 10000; those of the operating system, which the driver gives under the same name, are negative. */
function numbersOf(error: unknown): { readonly errno: number | undefined; readonly code: string | undefined } {
  if (!(error instanceof Error)) return { errno: undefined, code: undefined };
  const errno = 'errno' in error && typeof error.errno === 'number' && error.errno > 0 && 'sqlState' in error ? error.errno : undefined;
  return { errno, code: 'code' in error && typeof error.code === 'string' ? error.code : undefined };
}
