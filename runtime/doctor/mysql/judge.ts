import { judgeClock } from '../clock.ts';
import { ok, problem, warning, type Judgement } from '../finding.ts';
import { judgeTables } from '../tables.ts';
import { isAtLeast, versionNumbers } from '../version-number.ts';
import { judgeRights } from './rights.ts';

/** What a server tells about itself. */
export type MysqlFacts = {
  /** As in `10.11.19-MariaDB-0+deb12u1`. */
  readonly version: string;
  /** Server variables by name. */
  readonly variables: Readonly<Record<string, string>>;
  /** Rows of `show grants`. */
  readonly grants: readonly string[];
  /** `user@host`, as the server knows us. */
  readonly user: string;
  readonly database: string;
  /** Those of the collations that we can use. */
  readonly collations: readonly string[];
  /** Median of some, in milliseconds. */
  readonly roundTripMs: number;
  /** The server's clock minus ours. */
  readonly clockAheadMs: number;
  /** Level of the tables; 0 when there are none, 1 for those of the first release. */
  readonly schemaLevel: number;
  readonly encrypted: boolean;
  /** Connections that are open now, by anybody. */
  readonly connected: number;
};

/** What this program brings with it. */
export type MysqlWants = {
  /** Level of the tables of this release. */
  readonly schemaLevel: number;
  /** The lowest with which it works. */
  readonly neededLevel: number;
  /** Most connections of one process. */
  readonly connections: number;
  /** Whether the server is on this machine. */
  readonly near: boolean;
};

const MYSQL = [8, 4];
const MARIADB = [10, 11];
const PACKET = 16 * 1024 * 1024;
const SLOW_MS = 20;

export function judgeMysql(facts: MysqlFacts, wants: MysqlWants): readonly Judgement[] {
  return [
    judgeVersion(facts.version),
    judgeWritable(facts.variables),
    judgeRights(facts),
    judgeTables(facts.schemaLevel, { released: wants.schemaLevel, refusedBelow: wants.neededLevel }),
    judgeCommits(facts.variables),
    judgePacket(facts.variables),
    judgeCollation(facts),
    judgeConnections(facts, wants.connections),
    judgeEncryption(facts.encrypted, wants.near),
    judgeRoundTrip(facts.roundTripMs),
    judgeClock(facts.clockAheadMs, "the server's clock"),
  ];
}

function judgeVersion(version: string): Judgement {
  const isMariaDb = /mariadb/i.test(version);
  const wanted = isMariaDb ? MARIADB : MYSQL;
  // Old MariaDB puts 5.5.5- before its version, for the sake of replication.
  const numbers = versionNumbers(version.replace(/^5\.5\.5-/, ''));
  const name = isMariaDb ? 'MariaDB' : 'MySQL';
  if (numbers !== undefined && isAtLeast(numbers, wanted)) return ok('version', `${name} ${version}`);
  return problem('version', `${name} ${version}`, `${name} ${wanted.join('.')} or later is needed`);
}

function judgeWritable(variables: MysqlFacts['variables']): Judgement {
  const on = ['read_only', 'super_read_only', 'innodb_read_only'].filter((name) => isOn(variables[name]));
  if (on.length === 0) return ok('writable', 'takes writes');
  return problem(
    'writable',
    `${on.join(' and ')} on: this may be a replica, or a primary that was stood down`,
    'use the address of the primary',
  );
}

/** MariaDB has more than ON and OFF. */
const isOn = (value: string | undefined): boolean => value !== undefined && !/^(?:OFF|0|)$/i.test(value);

function judgeCommits(variables: MysqlFacts['variables']): Judgement {
  const flush = variables['innodb_flush_log_at_trx_commit'];
  const binlog = variables['sync_binlog'];
  const loose: string[] = [];
  if (flush !== '1') loose.push(`innodb_flush_log_at_trx_commit = ${flush ?? 'unknown'}`);
  if (isOn(variables['log_bin']) && binlog !== '1') loose.push(`sync_binlog = ${binlog ?? 'unknown'}`);
  if (loose.length === 0) return ok('commits', 'are on the disk before they are reported');
  const remedy = `SET PERSIST ${loose.map((text) => text.replace(/= .*/, '= 1')).join(', ')} (on MariaDB: SET GLOBAL, and in my.cnf)`;
  return warning('commits', `${loose.join(', ')}: a power failure can lose what was reported as done`, remedy);
}

function judgePacket(variables: MysqlFacts['variables']): Judgement {
  const bytes = Number(variables['max_allowed_packet'] ?? 0);
  const text = `max_allowed_packet = ${megabytes(bytes)}`;
  return bytes >= PACKET
    ? ok('packets', text)
    : problem('packets', `${text}: large inputs cannot be stored`, `SET PERSIST max_allowed_packet = ${PACKET}`);
}

const megabytes = (bytes: number): string => `${Math.round((bytes / 1024 / 1024) * 10) / 10} MB`;

function judgeCollation({ collations, variables }: MysqlFacts): Judgement {
  const [collation] = collations;
  if (collation === undefined)
    return problem('characters', 'there is no utf8mb4_0900_bin or utf8mb4_nopad_bin', 'use a server that has one of them');
  return ok('characters', `tables use ${collation}; the database's own are ${variables['character_set_database'] ?? 'unknown'}`);
}

function judgeConnections({ variables, connected }: MysqlFacts, own: number): Judgement {
  const most = Number(variables['max_connections'] ?? 0);
  const text = `${most} at most, ${connected} open, ${own} for each process of Riskflow`;
  if (most - connected >= own) return ok('connections', text);
  return warning('connections', text, 'raise max_connections, or lower storage.mysql.connections');
}

function judgeEncryption(encrypted: boolean, near: boolean): Judgement {
  if (encrypted) return ok('encryption', 'TLS');
  if (near) return ok('encryption', 'none, and none is needed on this machine');
  return warning(
    'encryption',
    'the connection is not encrypted',
    'set storage.mysql.tls in the configuration, such as tls: { ca: certs/ca.pem }',
  );
}

function judgeRoundTrip(ms: number): Judgement {
  const text = `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return ms <= SLOW_MS
    ? ok('round trip', text)
    : warning('round trip', `${text}, which every step of a run waits for`, 'put Riskflow near the server');
}

/** Why there is no connection, from the error of the driver. */
export function judgeRefusal(
  error: unknown,
  { host, passwordSetting }: { readonly host: string; readonly passwordSetting: string },
): Judgement {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message || code : String(error);
  if (code.startsWith('ER_ACCESS_DENIED')) {
    const remedy = `mend the user in the address, or the password, which comes from ${passwordSetting}`;
    return problem('reachable', `${host}: ${message}`, remedy);
  }
  const [remedy] = REMEDIES.flatMap(([pattern, text]) => (pattern.test(code) || pattern.test(message) ? [text] : []));
  return problem('reachable', `${host}: ${message}`, remedy ?? 'see that the address is right and the server runs');
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/ENOTFOUND|EAI_AGAIN/, 'see that the host is written as it should be, and that its name can be looked up here'],
  [/ECONNREFUSED/, 'start the server, or mend host and port'],
  [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/, 'see that no firewall is between; riskflow doctor --timeout 30 waits longer'],
  [/ER_DBACCESS_DENIED|ER_BAD_DB/, 'make the database, and give the user rights on it: CREATE DATABASE …; GRANT ALL ON ….* TO …'],
  [/ER_CON_COUNT/, 'raise max_connections of the server, or stop what holds them'],
  [/ER_HOST_/, 'let the server take connections of this machine'],
  [/NO_SSL_SUPPORT/, 'the server has no TLS: leave storage.mysql.tls out, or set it up there'],
  [/ALTNAME|does not match certificate/, 'the certificate is for another name: set storage.mysql.tls.serverName to it'],
  [/certificate|SIGNED|ISSUER|LEAF/i, 'set storage.mysql.tls.ca to the file of the authority that signed it'],
  [/secure.?transport/i, 'the server takes encrypted connections only: set storage.mysql.tls'],
];
