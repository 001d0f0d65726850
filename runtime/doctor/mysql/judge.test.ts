import { describe, expect, it } from 'vitest';
import { judgeMysql, judgeRefusal, type MysqlFacts, type MysqlWants } from './judge.ts';
import { judgeRights } from './rights.ts';

const good: MysqlFacts = {
  version: '8.4.3',
  user: 'risk@%',
  database: 'riskflow',
  variables: {
    innodb_flush_log_at_trx_commit: '1',
    sync_binlog: '1',
    log_bin: 'ON',
    max_allowed_packet: String(64 * 1024 * 1024),
    character_set_database: 'utf8mb4',
    max_connections: '151',
    read_only: 'OFF',
    super_read_only: 'OFF',
    innodb_read_only: 'OFF',
  },
  grants: ['GRANT USAGE ON *.* TO `risk`@`%`', 'GRANT ALL PRIVILEGES ON `riskflow`.* TO `risk`@`%`'],
  collations: ['utf8mb4_0900_bin'],
  roundTripMs: 1,
  clockAheadMs: 20,
  schemaLevel: 2,
  encrypted: true,
  connected: 10,
};
const wants: MysqlWants = { schemaLevel: 2, neededLevel: 2, connections: 8, near: false };
const withVariables = (variables: Readonly<Record<string, string>>): Partial<MysqlFacts> => ({
  variables: { ...good.variables, ...variables },
});

describe('judgeMysql', () => {
  it('finds nothing wrong with a server as it should be', () => {
    const judgements = judgeMysql(good, wants);
    expect(judgements.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(judgements.length).toBe(11);
  });

  it.each<
    readonly [string, Partial<MysqlFacts>, Partial<MysqlWants>, readonly [check: string, status: string, detail: RegExp, remedy: RegExp]]
  >([
    ['an old MySQL', { version: '8.0.36' }, {}, ['version', 'problem', /^MySQL 8\.0\.36$/, /8\.4 or later/]],
    ['an old MariaDB', { version: '10.6.5-MariaDB' }, {}, ['version', 'problem', /^MariaDB/, /10\.11 or later/]],
    ['a replica', withVariables({ read_only: 'ON' }), {}, ['writable', 'problem', /read_only on/, /primary/]],
    [
      'a MariaDB that refuses all writes',
      withVariables({ read_only: 'NO_LOCK_NO_ADMIN' }),
      {},
      ['writable', 'problem', /read_only/, /primary/],
    ],
    [
      'tables on which nothing starts',
      { schemaLevel: 1 },
      {},
      ['tables', 'problem', /level 1, and this release needs 2/, /riskflow migrate/],
    ],
    [
      'tables that hold too much',
      { schemaLevel: 1 },
      { neededLevel: 1 },
      ['tables', 'warning', /level 1, and this release has 2/, /riskflow migrate/],
    ],
    ['tables of a newer release', { schemaLevel: 3 }, {}, ['tables', 'warning', /newer release/, /newer release/]],
    [
      'commits that are not flushed',
      withVariables({ innodb_flush_log_at_trx_commit: '2' }),
      {},
      ['commits', 'warning', /= 2/, /SET PERSIST innodb_flush_log_at_trx_commit = 1/],
    ],
    [
      'a binary log that is not flushed',
      withVariables({ sync_binlog: '0' }),
      {},
      ['commits', 'warning', /sync_binlog = 0/, /sync_binlog = 1/],
    ],
    ['small packets', withVariables({ max_allowed_packet: '1048576' }), {}, ['packets', 'problem', /= 1 MB/, /16777216/]],
    ['no collation that fits', { collations: [] }, {}, ['characters', 'problem', /there is no/, /another|has one/]],
    ['no connections left', { connected: 148 }, {}, ['connections', 'warning', /151 at most, 148 open, 8/, /max_connections/]],
    ['a far server without TLS', { encrypted: false }, {}, ['encryption', 'warning', /not encrypted/, /storage\.mysql\.tls/]],
    ['a far server', { roundTripMs: 48.2 }, {}, ['round trip', 'warning', /^48 ms/, /near/]],
    ['a clock that is a little off', { clockAheadMs: -1500 }, {}, ['clock', 'warning', /1\.5 s behind/, /NTP/]],
    ['a clock that is half a lease off', { clockAheadMs: 6000 }, {}, ['clock', 'problem', /6\.0 s ahead/, /NTP/]],
  ])('%s', (_, facts, other, [check, status, detail, remedy]) => {
    const wrong = judgeMysql({ ...good, ...facts }, { ...wants, ...other }).filter((judgement) => judgement.status !== 'ok');
    expect(wrong).toEqual([
      { check, status, detail: expect.stringMatching(detail) as string, remedy: expect.stringMatching(remedy) as string },
    ]);
  });

  it.each<readonly [string, Partial<MysqlFacts>, Partial<MysqlWants>]>([
    ['MariaDB with the prefix for replication', { version: '5.5.5-10.11.6-MariaDB' }, {}],
    ['a binary log that is off', withVariables({ log_bin: 'OFF', sync_binlog: '0' }), {}],
    ['no encryption on this machine', { encrypted: false }, { near: true }],
    ['a database without tables', { schemaLevel: 0 }, {}],
  ])('takes %s for fine', (_, facts, other) => {
    expect(judgeMysql({ ...good, ...facts }, { ...wants, ...other }).filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('judgeRights', () => {
  const status = (grants: readonly string[], database = 'risk_flow') => judgeRights({ grants, database, user: 'u@h' }).status;
  const running = 'SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES';
  const most = `${running}, CREATE, DROP, INDEX, ALTER`;

  it.each([
    ['all on everything', ['GRANT ALL PRIVILEGES ON *.* TO `u`@`h` WITH GRANT OPTION'], 'ok'],
    ['one by one', [`GRANT ${most} ON \`risk\\_flow\`.* TO \`u\`@\`h\``], 'ok'],
    ['in two parts', [`GRANT ${running} ON *.* TO u`, 'GRANT CREATE, DROP, INDEX, ALTER ON `risk\\_flow`.* TO u'], 'ok'],
    ['by a pattern', [`GRANT ${most} ON \`risk%\`.* TO \`u\`@\`h\``], 'ok'],
    ['for running only', [`GRANT ${running} ON \`risk_flow\`.* TO \`u\`@\`h\``], 'warning'],
    ['without temporary tables', ['GRANT SELECT, INSERT, UPDATE, DELETE ON `risk_flow`.* TO `u`@`h`'], 'problem'],
    ['reading only', ['GRANT SELECT ON `risk_flow`.* TO `u`@`h`'], 'problem'],
    ['of another database', ['GRANT USAGE ON *.* TO u', 'GRANT ALL PRIVILEGES ON `other`.* TO `u`@`h`'], 'problem'],
    ['of a name that only looks alike', ['GRANT ALL PRIVILEGES ON `riskXflow\\_`.* TO `u`@`h`'], 'problem'],
    ['by a role', ['GRANT USAGE ON *.* TO `u`@`h`', 'GRANT `writer`@`%` TO `u`@`h`'], 'warning'],
  ])('%s', (_, grants, expected) => expect(status(grants)).toBe(expected));

  it('says what to grant', () => {
    const of = (rights: string) => judgeRights({ grants: [`GRANT ${rights} ON \`d\`.* TO \`u\`@\`h\``], database: 'd', user: 'u@h' });
    expect(of('SELECT, INSERT, UPDATE, CREATE TEMPORARY TABLES, CREATE, INDEX')).toMatchObject({
      detail: 'u@h lacks DELETE on d',
      remedy: "GRANT DELETE, ALTER, DROP ON `d`.* TO 'u'@'h'",
    });
    expect(of(`${running}, CREATE, INDEX`)).toMatchObject({
      detail: 'u@h lacks ALTER, DROP on d, which riskflow migrate and restore need',
      remedy: "run these as a user that has them, or GRANT ALTER, DROP ON `d`.* TO 'u'@'h'",
    });
  });
});

describe('judgeRefusal', () => {
  const refused = (code: string, message: string) =>
    judgeRefusal(Object.assign(new Error(message), { code }), { host: 'db:3306', passwordSetting: 'DB_PW' });
  it.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', /start the server/],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND db', /name/],
    ['ER_ACCESS_DENIED_ERROR', "Access denied for user 'u'@'h'", /user in the address, or the password, which comes from DB_PW$/],
    ['ER_BAD_DB_ERROR', "Unknown database 'x'", /make the database/],
    ['HANDSHAKE_NO_SSL_SUPPORT', 'Server does not support secure connection', /no TLS/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames", /serverName/],
    ['HANDSHAKE_SSL_ERROR', 'self-signed certificate in certificate chain', /tls\.ca/],
    ['', 'something else', /address is right/],
  ])('%s', (code, message, remedy) => {
    expect(refused(code, message)).toEqual({
      check: 'reachable',
      status: 'problem',
      detail: `db:3306: ${message}`,
      remedy: expect.stringMatching(remedy) as string,
    });
  });
});
