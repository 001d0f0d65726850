import { randomBytes } from 'node:crypto';
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectorSettings, toJsonText, type ConnectorOf } from '../../schemas/index.ts';
import { createMemoryHost, createMemoryStore, type MemoryHost, type MemoryStore } from '../memory/memory-host.ts';
import { describeSourceConnector } from '../source.contract.ts';
import { createMysqlConnector, type MysqlConnectorDeps } from './mysql-connector.ts';

const given = process.env['RISKFLOW_TEST_MYSQL_URL'] ?? '';
const missing = given === '' ? ' (left out: RISKFLOW_TEST_MYSQL_URL is not set)' : '';

describe.skipIf(given === '')(`the MySQL query source${missing}`, () => {
  const database = `riskflow_test_${randomBytes(6).toString('hex')}`;
  const server = new URL(given === '' ? 'mysql://127.0.0.1' : given);
  const password = decodeURIComponent(server.password);
  const own = new URL(server);
  own.password = '';
  own.pathname = `/${database}`;
  own.search = '';
  let admin: Connection;
  let count = 0;
  let table: string;

  beforeAll(async () => {
    const plain = new URL(server);
    plain.pathname = '/';
    admin = await createConnection({ uri: plain.href, timezone: 'Z', charset: 'utf8mb4' });
    await admin.query(`CREATE DATABASE ${database} DEFAULT CHARACTER SET utf8mb4`);
    await admin.query(`USE ${database}`);
    await admin.query("SET time_zone = '+00:00'");
  });
  afterAll(async () => {
    await admin.query(`DROP DATABASE ${database}`);
    await admin.end();
  });
  beforeEach(() => {
    table = `t${count++}`;
  });

  const settings = (more: Partial<ConnectorOf<'mysql'>> = {}): ConnectorOf<'mysql'> =>
    connectorSettings.parse({
      kind: 'mysql',
      url: own.href,
      query: `SELECT * FROM ${table}`,
      watermark: 'at',
      key: 'id',
      everyMs: 100,
      ...more,
    }) as ConnectorOf<'mysql'>;
  const connect = (more: Partial<ConnectorOf<'mysql'>> = {}, deps: Partial<MysqlConnectorDeps> = {}) =>
    createMysqlConnector(settings(more), { secrets: { password }, retryMs: 20, ...deps });
  const withoutKey = (more: Partial<ConnectorOf<'mysql'>> = {}, deps: Partial<MysqlConnectorDeps> = {}) => {
    const { key: _key, ...rest } = settings(more);
    return createMysqlConnector(rest, { secrets: { password }, retryMs: 20, ...deps });
  };
  const read = async (connector: ReturnType<typeof connect>, store: MemoryStore = createMemoryStore()): Promise<MemoryHost> => {
    const host = createMemoryHost({ store });
    await connector.run(host);
    return host;
  };
  const idsOf = (store: MemoryStore): readonly number[] =>
    store.records.map(({ record: { content } }) => (content.ok ? Number(content.fields.get('id')) : Number.NaN));
  const at = (id: number): string =>
    new Date(Date.UTC(2026, 0, 1) + Math.floor(id / 97) * 1000).toISOString().replace('T', ' ').slice(0, 23);
  const make = async (): Promise<void> => {
    await admin.query(`CREATE TABLE ${table} (id BIGINT PRIMARY KEY, at DATETIME(6), text VARCHAR(100), KEY (at, id))`);
  };
  const insert = async (ids: readonly number[], into = table): Promise<void> => {
    await admin.query(`INSERT INTO ${into} (id, at, text) VALUES ?`, [ids.map((id) => [id, at(id), `report ${id}`])]);
  };

  describeSourceConnector('a MySQL query', {
    knowsEnd: 'once-read',
    makeRig: async () => {
      table = `t${count++}`;
      await make();
      const name = table;
      return {
        partition: { topic: 'query', partition: 0 },
        connector: ({ follow = false } = {}) => connect({ follow, query: `SELECT id, at, text FROM ${name};` }),
        add: (ids) => insert(ids, name),
        close: async () => {
          await admin.query(`DROP TABLE ${name}`);
        },
      };
    },
  });

  it('reads values exactly', async () => {
    await admin.query(`CREATE TABLE ${table} (
      id BIGINT UNSIGNED PRIMARY KEY, at TIMESTAMP(6) NULL, small TINYINT, yes BOOLEAN, price DECIMAL(30,10), f FLOAT, d DOUBLE, moment DATETIME, day DATE, t TIME(3), y YEAR,
      name VARCHAR(50), latin VARCHAR(20) CHARACTER SET latin1, long_text TEXT, raw VARBINARY(10), picture BLOB, doc JSON, bits BIT(12), kind ENUM('a','b'), tags SET('x','y'), nothing INT)`);
    await admin.query(
      `INSERT INTO ${table} VALUES (18446744073709551615, '2026-01-31 08:00:00.123456', -5, TRUE, 12345678901234567890.1234567890, 0.5, 2, '2026-01-31 08:00:00', '2026-01-31', '-12:30:00.5', 2026,
       '举报 😀', 'é', 'x', X'ff00', X'0001', '{"a": [1, 2.0], "n": 9007199254740993}', b'101', 'b', 'x,y', NULL)`,
    );
    const { store } = await read(connect());
    const record = store.records[0]?.record;
    expect(record?.content.ok === true ? toJsonText(record.content.fields) : record?.content).toBe(
      '{"id":18446744073709551615,"at":"2026-01-31T08:00:00.123456Z","small":-5,"yes":1,"price":"12345678901234567890.1234567890","f":0.5,"d":2.0,' +
        '"moment":"2026-01-31T08:00:00Z","day":"2026-01-31","t":"-12:30:00.500","y":2026,"name":"举报 😀","latin":"é","long_text":"x","raw":"/wA=","picture":"AAE=",' +
        '"doc":{"a":[1,2.0],"n":9007199254740993},"bits":5,"kind":"b","tags":"x,y","nothing":null}',
    );
    expect(Buffer.from(record?.bytes ?? []).toString()).toContain('"id":18446744073709551615');
    expect(record?.meta).toEqual({ key: Buffer.from('18446744073709551615'), headers: [], timestamp: Date.UTC(2026, 0, 31, 8, 0, 0, 123) });
    expect(store.places.get('["query",0]')).toEqual({
      incarnation: 1,
      offset: 1,
      position: '{"watermark":"2026-01-31 08:00:00.123456","key":"18446744073709551615"}',
    });
  });

  // Values in their order: each is read on from exactly, page by page and run by run.
  const watermarks: readonly [string, string, readonly string[]][] = [
    ['integers beyond 2^53', 'BIGINT', ['-1', '9007199254740992', '9007199254740993', '9007199254740994', '9223372036854775807']],
    ['unsigned integers', 'BIGINT UNSIGNED', ['0', '9223372036854775808', '18446744073709551614', '18446744073709551615']],
    ['decimals', 'DECIMAL(38,10)', ['-1.5', '0', '12345678901234567890.0000000001', '12345678901234567890.0000000002']],
    ['doubles', 'DOUBLE', ['-1e300', '0.1', '0.30000000000000004', '1e300']],
    ['times with microseconds', 'DATETIME(6)', ["'2026-01-31 08:00:00'", "'2026-01-31 08:00:00.000001'", "'2026-01-31 08:00:00.000002'"]],
    ['timestamps', 'TIMESTAMP(3) NULL', ["'2026-01-31 08:00:00'", "'2026-01-31 08:00:00.001'"]],
    ['days', 'DATE', ["'1999-12-31'", "'2026-01-31'"]],
    ['texts', 'VARCHAR(60)', ["''", "'a''b\\\\'", "'B'", "'c'", "'举报'"]],
    ['texts of another character set', 'VARCHAR(60) CHARACTER SET latin1 COLLATE latin1_bin', ["'A'", "'a'", "'é'"]],
    ['bytes', 'BINARY(4)', ["X'00000000'", "X'00ff0027'", "X'ff000000'"]],
  ];
  it.each(watermarks)('reads on behind %s', async (_, type, values) => {
    await admin.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, at ${type})`);
    const store = createMemoryStore();
    for (const [i, value] of values.entries()) {
      await admin.query(`INSERT INTO ${table} VALUES (${i}, ${value})`);
      await read(withoutKey(), store);
      await read(connect(), store);
    }
    expect(idsOf(store)).toEqual(values.map((_value, i) => i));
    const whole = createMemoryStore();
    await read(withoutKey(), whole);
    expect(idsOf(whole)).toEqual(values.map((_value, i) => i));
  });

  it('reads rows of equal watermarks once each, in the order of their keys, whatever the pages', async () => {
    await admin.query(`CREATE TABLE ${table} (id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, at INT, body MEDIUMTEXT)`);
    const rows = Array.from({ length: 300 }, (_, i) => [`k${String(i).padStart(4, '0')}`, 1, i % 50 === 0 ? 'x'.repeat(500_000) : '']);
    await admin.query(`INSERT INTO ${table} VALUES ?`, [rows]);
    const { store, chunks } = await read(connect());
    expect(store.records.map(({ record: { content } }) => (content.ok ? content.fields.get('id') : ''))).toEqual(rows.map(([id]) => id));
    expect(chunks.length).toBeGreaterThan(2);
  });

  it('says that a key is needed where watermarks are equal, wherever pages end', async () => {
    await make();
    await insert(Array.from({ length: 33 }, (_, i) => i * 97));
    await admin.query(`INSERT INTO ${table} VALUES (999999, '${at(32 * 97)}', 'the 34th')`);
    const host = createMemoryHost();
    await expect(withoutKey().run(host)).rejects.toMatchObject({
      code: 'usage',
      message: `several rows have the watermark 2026-01-01 00:00:32.000000 in "at": some of them could be missed`,
      hint: 'name a column that tells them apart as key',
    });
    expect(host.reports.at(-1)?.state).toBe('failed');
    await expect(read(connect({ key: 'at' }))).rejects.toThrow('have the same "at"');
  });

  it('reads a row again whose watermark has risen while it was reading, and misses none', async () => {
    await make();
    await insert(Array.from({ length: 1000 }, (_, i) => i));
    let done = false;
    const host = createMemoryHost({
      onDeliver: async () => {
        if (done) return;
        done = true;
        // One that was read, one that was not yet, one that goes away, one that comes.
        await admin.query(`UPDATE ${table} SET at = '2026-06-01', text = 'changed' WHERE id IN (3, 900)`);
        await admin.query(`DELETE FROM ${table} WHERE id = 800`);
        await admin.query(`INSERT INTO ${table} VALUES (5000, '2026-07-01', 'new')`);
      },
    });
    await connect().run(host);
    const ids = idsOf(host.store);
    expect(ids.filter((id) => id === 3)).toHaveLength(2);
    expect(ids.slice(-3)).toEqual([3, 900, 5000]);
    expect(new Set(ids)).toEqual(new Set([...Array.from({ length: 1000 }, (_, i) => i).filter((id) => id !== 800), 5000]));
    expect(ids).toHaveLength(1001);
  });

  it('leaves rows alone that are younger than settleSeconds', async () => {
    await make();
    await admin.query(`INSERT INTO ${table} VALUES (1, UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, 'old'), (2, UTC_TIMESTAMP(6), 'young')`);
    const store = createMemoryStore();
    await read(connect({ settleSeconds: 600 }), store);
    expect(idsOf(store)).toEqual([1]);
    await read(connect({ settleSeconds: 0 }), store);
    expect(idsOf(store)).toEqual([1, 2]);
    await expect(read(connect({ settleSeconds: 5, watermark: 'id' }))).rejects.toThrow(
      'settleSeconds needs a watermark that is a time, and "id" is none',
    );
  });

  const troubles: readonly [string, () => Promise<unknown>, object][] = [
    [
      'a wrong password',
      () => read(connect({}, { secrets: { password: 'wrong-one' } })),
      { code: 'usage', message: expect.stringMatching(/refuses: Access denied for user/) },
    ],
    [
      'a database that is not there',
      () => read(connect({ url: own.href.replace(database, 'riskflow_no_such') })),
      { code: 'usage', message: expect.stringMatching(/Unknown database/) },
    ],
    [
      'a table that is not there',
      () => read(connect({ query: 'SELECT * FROM no_such' })),
      { code: 'usage', message: expect.stringMatching(/no_such' doesn't exist/) },
    ],
    [
      'a watermark that is not there',
      () => read(connect({ watermark: 'changed' })),
      { code: 'usage', message: expect.stringMatching(/Unknown column 'changed'/) },
    ],
    [
      'a key that is not there',
      () => read(connect({ key: 'uid' })),
      { code: 'usage', message: expect.stringMatching(/Unknown column 'uid'/) },
    ],
    [
      'a query that is none',
      () => read(connect({ query: 'SELEC 1' })),
      { code: 'usage', message: expect.stringMatching(/error in your SQL syntax/) },
    ],
    [
      'a statement that writes',
      () => read(connect({ query: `DELETE FROM ${table}` })),
      { code: 'usage', message: expect.stringMatching(/refuses/) },
    ],
    [
      'two columns of one name',
      () => read(connect({ query: `SELECT id, at, id FROM ${table}` })),
      { code: 'usage', message: expect.stringMatching(/Duplicate column name/) },
    ],
    [
      'a watermark without an order',
      () => read(connect({ query: `SELECT id, TIME('10:00:00') AS at FROM ${table}` })),
      { code: 'usage', message: expect.stringMatching(/"at" .* cannot say what is new/) },
    ],
    [
      'parameters in the url',
      () => read(connect({ url: `${own.href}?multipleStatements=true` })),
      { code: 'usage', message: expect.stringMatching(/are not used/) },
    ],
    [
      'TLS that cannot be trusted',
      () => read(connect({ tls: {} })),
      { code: 'failed', message: expect.stringMatching(/cannot be reached safely/) },
    ],
  ];
  it.each(troubles)('says what is wrong: %s', async (_, run, expected) => {
    await make();
    await insert([1]);
    const failed = await run().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).toMatchObject(expected);
    const [rows] = await admin.query<RowDataPacket[]>(`SELECT COUNT(*) AS \`left\` FROM ${table}`);
    expect(rows).toEqual([{ left: 1 }]);
    const said = failed instanceof Error ? `${failed.message} ${JSON.stringify(failed)}` : '';
    for (const secret of ['wrong-one', password]) if (secret !== '') expect(said).not.toContain(secret);
  });

  it('refuses rows without a watermark, also those that come later, and without a key', async () => {
    await make();
    await insert([1, 2]);
    const store = createMemoryStore();
    await read(connect(), store);
    await admin.query(`INSERT INTO ${table} VALUES (3, NULL, 'x')`);
    await expect(read(connect(), store)).rejects.toMatchObject({
      code: 'usage',
      message: 'a row has no watermark: its column "at" is null, and such rows would never be read',
      hint: expect.stringContaining('WHERE at IS NOT NULL'),
    });
    await read(connect({ query: `SELECT * FROM ${table} WHERE at IS NOT NULL -- those that have one` }), store);
    await expect(read(connect({ query: `SELECT NULLIF(id, 2) AS id, at FROM ${table} WHERE at IS NOT NULL` }))).rejects.toThrow(
      'a row has no key',
    );
    expect(idsOf(store)).toEqual([1, 2]);
  });

  it('reads nothing but in a session that only reads', async () => {
    await make();
    await insert([1]);
    await admin.query(`CREATE FUNCTION ${table}_f() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN DELETE FROM ${table}; RETURN 1; END`);
    await expect(read(connect({ query: `SELECT ${table}_f() AS id, NOW() AS at FROM DUAL` }))).rejects.toMatchObject({
      code: 'usage',
      hint: 'the query must only read',
    });
  });

  it('ends a statement that takes too long, tells, and tries again until it is ended itself', async () => {
    await make();
    await insert([1]);
    const host = createMemoryHost();
    const running = connect({ query: `SELECT id, at, SLEEP(3) AS s FROM ${table}` }, { statementMs: 200 }).run(host);
    await host.until(() => host.reports.filter((report) => report.trace !== null).length >= 2);
    host.abort();
    await running;
    expect(host.reports[1]).toMatchObject({
      state: 'running',
      trace: expect.stringMatching(/took longer than is allowed; it is tried again/),
    });
    expect([host.store.records, host.reports.at(-1)?.state]).toEqual([[], 'stopped']);
  });

  it('ends at once in the midst of a long query', async () => {
    await make();
    await insert([1]);
    const host = createMemoryHost();
    const running = connect({ query: `SELECT id, at, SLEEP(20) AS s FROM ${table}` }).run(host);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = performance.now();
    host.abort();
    await running;
    expect(performance.now() - before).toBeLessThan(2000);
    expect(host.late).toEqual([]);
  });

  it('waits for a server that goes away, and goes on where it was', async () => {
    await make();
    await insert([1, 2, 3]);
    const proxy = await startProxy(server);
    const url = new URL(own);
    url.host = `127.0.0.1:${proxy.port}`;
    const host = createMemoryHost();
    const running = connect({ url: url.href, follow: true, everyMs: 100 }).run(host);
    await host.until(() => host.store.records.length === 3);
    await proxy.stop();
    await insert([4, 5]);
    await host.until(() => host.reports.filter((report) => report.trace !== null).length >= 2);
    expect(host.reports.at(-1)).toMatchObject({
      state: 'running',
      trace: expect.stringMatching(/cannot be reached: .*; it is tried again/),
    });
    await proxy.start();
    await host.until(() => host.store.records.length === 5);
    await host.until(() => host.reports.at(-1)?.trace === null);
    host.abort();
    await running;
    await proxy.stop();
    expect(idsOf(host.store)).toEqual([1, 2, 3, 4, 5]);
  });
});

/** A way to the server that can be cut. */
async function startProxy(to: URL): Promise<{ readonly port: number; start(): Promise<void>; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connectSocket({ host: to.hostname, port: Number(to.port || 3306) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
    client.pipe(upstream).pipe(client);
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    start: () => listen(port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
