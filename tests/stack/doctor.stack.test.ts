import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoriesFrom } from '../../scripts/stack/directories.ts';
import { PROJECT, riskflow, startRiskflow, testEnvironment, withFolder } from '../riskflow-process.ts';
import { hasOpenssl, makeCertificates } from './certificates.ts';

const mysql = process.env['RISKFLOW_TEST_MYSQL_URL'];
const temporal = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'];
const missing = mysql === undefined || temporal === undefined;
const reason = missing ? ' (left out: RISKFLOW_TEST_MYSQL_URL or RISKFLOW_TEST_TEMPORAL_ADDRESS is not set)' : '';

type Finding = {
  readonly subject: string;
  readonly check: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy: string | null;
};
type Checkup = { readonly status: string; readonly findings: readonly Finding[] };

type Asked = { readonly seconds?: number; readonly config?: string; readonly env?: Readonly<Record<string, string>> };

async function doctor({ config = '', env = {}, seconds = 20 }: Asked) {
  return withFolder(async (folder) => {
    writeFileSync(join(folder, 'riskflow.yml'), config);
    const environment = testEnvironment(join(folder, 'data'), { RISKFLOW_CONFIG: join(folder, 'riskflow.yml'), ...env });
    const { code, stdout, stderr } = await riskflow(['doctor', '--json', '--timeout', String(seconds)], environment, folder);
    const { findings } = JSON.parse(stdout) as Checkup;
    const of = (subject: string, check: string): Finding | undefined =>
      findings.find((finding) => finding.subject === subject && finding.check === check);
    return { code, text: stdout + stderr, findings, of };
  });
}

/** A server on a free port for one test. */
async function served<T>(server: Server, use: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** The authority and the server certificate that MySQL made for itself, where the stack of this project runs it. */
function mysqlCertificates(): { readonly ca: string; readonly serverName: string } | undefined {
  const home = join(directoriesFrom(process.env).state, 'mysql');
  const files = existsSync(home) ? readdirSync(home, { recursive: true, encoding: 'utf8' }) : [];
  const ca = files.find((file) => /(?:^|[/\\])ca\.pem$/.test(file));
  if (ca === undefined) return undefined;
  const certificate = new X509Certificate(readFileSync(join(home, ca.replace(/ca\.pem$/, 'server-cert.pem'))));
  return { ca: join(home, ca), serverName: /CN=(.+)/.exec(certificate.subject)?.[1] ?? '' };
}

describe.skipIf(missing)(`doctor on real servers${reason}`, { timeout: 300_000 }, () => {
  const name = `riskflow_doctor_${randomBytes(5).toString('hex')}`;
  const user = `doctor_${randomBytes(5).toString('hex')}`;
  const password = 'canary p@ss/word';
  const url = new URL(mysql ?? 'mysql://nowhere/none');
  url.pathname = `/${name}`;
  const urlOf = (who: string): string => `mysql://${who}@${url.host}/${name}`;
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-doctor-'));

  const asRoot = async (...statements: readonly string[]): Promise<void> => {
    const server = new URL(url);
    server.pathname = '/';
    const connection = await createConnection(server.href);
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      await connection.end();
    }
  };
  beforeAll(() =>
    asRoot(
      `create database ${name}`,
      `create user '${user}'@'%' identified by '${password}'`,
      `grant select, insert, update, delete, create, index on \`${name}\`.* to '${user}'@'%'`,
    ),
  );
  afterAll(async () => {
    await asRoot(`drop database ${name}`, `drop user '${user}'@'%'`);
    rmSync(folder, { recursive: true, force: true });
  });

  it('finds no problem with MySQL and Temporal as the stack starts them, and changes nothing', async () => {
    const { code, findings, of } = await doctor({
      env: { RISKFLOW_MYSQL_URL: url.href, RISKFLOW_TEMPORAL_ADDRESS: temporal ?? '', RISKFLOW_TEMPORAL_TASK_QUEUE: name },
    });
    expect(findings.filter(({ status }) => status === 'problem')).toEqual([]);
    expect(code).toBe(0);
    for (const check of ['version', 'writable', 'rights', 'tables', 'commits', 'packets', 'characters', 'connections', 'clock']) {
      expect(of('MySQL', check), check).toMatchObject({ status: 'ok' });
    }
    for (const check of ['version', 'encryption', 'namespace']) expect(of('Temporal', check), check).toMatchObject({ status: 'ok' });
    expect(of('Temporal', 'workers')).toMatchObject({ status: 'warning', detail: expect.stringContaining(name) as string });
    const connection = await createConnection(url.href);
    const [tables] = await connection.query('show tables');
    await connection.end();
    expect(tables).toEqual([]);
  });

  it('sees the worker at the queue, and the tables that it made', async () => {
    await withFolder(async (working) => {
      const env = { RISKFLOW_MYSQL_URL: url.href, RISKFLOW_TEMPORAL_ADDRESS: temporal ?? '', RISKFLOW_TEMPORAL_TASK_QUEUE: `${name}_w` };
      const worker = startRiskflow(['worker', '--json'], testEnvironment(join(working, 'data'), env), working);
      try {
        await new Promise<void>((resolve, reject) => {
          worker.child.stdout?.once('data', () => resolve());
          void worker.finished.then(({ stderr }) => reject(new Error(`the worker ended: ${stderr}`)));
        });
        // The server tells of a worker once it has asked for a task.
        await expect
          .poll(async () => (await doctor({ env })).of('Temporal', 'workers')?.status, { timeout: 30_000, interval: 200 })
          .toBe('ok');
        expect((await doctor({ env })).of('MySQL', 'tables')).toMatchObject({
          status: 'ok',
          detail: expect.stringMatching(/^level \d+/) as string,
        });
      } finally {
        worker.child.kill('SIGTERM');
        await worker.finished;
      }
    });
  });

  it('says which rights are missing and how to give them, with a password from a file', async () => {
    writeFileSync(join(folder, 'password'), `${password}\n`);
    const config = `storage: { mysql: { url: "${urlOf(user)}", passwordFile: "${join(folder, 'password')}" } }\n`;
    const { code, text, of } = await doctor({ config });
    expect(code).toBe(1);
    expect(of('MySQL', 'rights')).toMatchObject({
      status: 'problem',
      detail: `${user}@% lacks CREATE TEMPORARY TABLES on ${name}`,
      // What only a migration needs is granted in the same breath.
      remedy: `GRANT CREATE TEMPORARY TABLES, ALTER, DROP ON \`${name}\`.* TO '${user}'@'%'`,
    });
    expect(text).not.toMatch(/canary/);
  });

  it.each([
    [
      'a wrong password',
      () => urlOf(`${user}:${encodeURIComponent('canary wrong')}`),
      /Access denied/,
      /the password, which comes from RISKFLOW_MYSQL_URL/,
    ],
    ['a database that is not there', () => url.href.replace(name, `${name}_none`), /Unknown database/, /make the database/],
  ])('says what to do about %s', async (_, address, detail, remedy) => {
    const { code, text, of } = await doctor({ env: { RISKFLOW_MYSQL_URL: address() } });
    expect(code).toBe(1);
    expect(of('MySQL', 'reachable')).toMatchObject({
      status: 'problem',
      detail: expect.stringMatching(detail) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
    expect(text).not.toMatch(/canary/);
  });

  it('says that a namespace is not there', async () => {
    const { code, of } = await doctor({ env: { RISKFLOW_TEMPORAL_ADDRESS: temporal ?? '', RISKFLOW_TEMPORAL_NAMESPACE: name } });
    expect(code).toBe(1);
    expect(of('Temporal', 'namespace')).toMatchObject({ status: 'problem', detail: `${name} is not there, or not for us` });
  });

  const own = mysqlCertificates();
  const noCertificates = own === undefined ? ' (left out: the stack has no MySQL that made its own certificates)' : '';
  it.skipIf(own === undefined)(`reaches MySQL over TLS, and checks its certificate and name${noCertificates}`, async () => {
    const { ca = '', serverName = '' } = own ?? {};
    const otherCa = hasOpenssl ? makeCertificates(folder, 'x').files.otherCa : undefined;
    const tls = (section: string): Asked => ({
      config: `storage: { mysql: { url: "mysql://nobody@db/x", tls: ${section} } }\n`,
      env: { RISKFLOW_MYSQL_URL: url.href },
    });
    const good = tls(`{ ca: "${ca}", serverName: "${serverName}" }`);
    expect((await doctor(good)).of('MySQL', 'encryption')).toMatchObject({ status: 'ok', detail: 'TLS' });
    expect((await doctor(tls(`{ ca: "${ca}" }`))).of('MySQL', 'reachable')?.remedy).toMatch(/tls\.serverName/);
    expect((await doctor(tls(`{ serverName: "${serverName}" }`))).of('MySQL', 'reachable')?.remedy).toMatch(/tls\.ca/);
    if (otherCa !== undefined) {
      expect((await doctor(tls(`{ ca: "${otherCa}", serverName: "${serverName}" }`))).of('MySQL', 'reachable')?.remedy).toMatch(/tls\.ca/);
    }
    // The storage goes the same way.
    await withFolder(async (working) => {
      writeFileSync(join(working, 'riskflow.yml'), good.config ?? '');
      const { code, stderr } = await riskflow(['flow', 'list'], testEnvironment(join(working, 'data'), good.env), working);
      expect(code, stderr).toBe(0);
    });
  });

  const noOpenssl = hasOpenssl ? '' : ' (left out: there is no openssl to make certificates with)';
  it.skipIf(!hasOpenssl)(`runs a flow on Temporal over mTLS, client and worker alike${noOpenssl}`, async () => {
    const { files, text } = makeCertificates(folder, 'temporal.test');
    const [host = '', port = ''] = (temporal ?? '').split(':');
    const proxy = createTlsServer(
      {
        cert: text('serverCert'),
        key: text('serverKey'),
        ca: text('ca'),
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: ['h2'],
      },
      (socket) => {
        const upstream = connect(Number(port), host);
        socket.pipe(upstream).pipe(socket);
        for (const each of [socket, upstream]) each.on('error', () => [socket, upstream].forEach((one) => one.destroy()));
      },
    );
    proxy.on('tlsClientError', () => undefined);
    await served(proxy, async (proxyPort) => {
      const config = (tls: string): string => `temporal: { address: "127.0.0.1:${proxyPort}", taskQueue: ${name}_tls, tls: ${tls} }\n`;
      const known = `ca: "${files.ca}", serverName: temporal.test`;
      const mutual = config(`{ ${known}, cert: "${files.clientCert}", key: "${files.clientKey}" }`);
      expect((await doctor({ config: mutual })).of('Temporal', 'encryption')).toMatchObject({ status: 'ok', detail: 'TLS' });
      expect((await doctor({ config: config(`{ ${known} }`) })).of('Temporal', 'reachable')?.remedy).toMatch(/tls\.cert/);
      const wrongName = config(`{ ca: "${files.ca}", cert: "${files.clientCert}", key: "${files.clientKey}" }`);
      expect((await doctor({ config: wrongName })).of('Temporal', 'reachable')?.remedy).toMatch(/tls\.serverName/);

      await withFolder(async (working) => {
        writeFileSync(join(working, 'riskflow.yml'), mutual);
        const environment = testEnvironment(join(working, 'data'), { RISKFLOW_MYSQL_URL: url.href });
        const worker = startRiskflow(['worker', '--json'], environment, working);
        try {
          await new Promise<void>((resolve, reject) => {
            worker.child.stdout?.once('data', () => resolve());
            void worker.finished.then(({ stderr }) => reject(new Error(`the worker ended: ${stderr}`)));
          });
          const flow = join(PROJECT, 'examples', 'report-triage', 'triage-rules.yml');
          const args = ['run', flow, '--inputs', '{"text": "You won a prize"}', '--json', '--on', 'temporal'];
          const { code, stdout, stderr } = await riskflow(args, environment, working);
          expect(code, stderr).toBe(0);
          expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded' });
        } finally {
          worker.child.kill('SIGTERM');
          await worker.finished;
        }
      });
    });
  });

  it.skipIf(!hasOpenssl)(`sends an API key as a bearer token, over TLS only, and shows it nowhere${noOpenssl}`, async () => {
    const { files, text } = makeCertificates(folder, 'localhost');
    const seen: (string | undefined)[] = [];
    const server = createSecureServer({ cert: text('serverCert'), key: text('serverKey') });
    server.on('stream', (stream, headers) => {
      seen.push(headers.authorization);
      const status = {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': '16',
        'grpc-message': `no ${headers.authorization ?? ''}`,
      };
      stream.respond(status, { endStream: true });
    });
    await served(server, async (port) => {
      const config = `temporal: { address: "127.0.0.1:${port}", apiKeyEnv: CLOUD_KEY, tls: { ca: "${files.ca}", serverName: localhost } }\n`;
      const { code, text: printed, of } = await doctor({ config, env: { CLOUD_KEY: 'canary-cloud-key' } });
      expect(code).toBe(1);
      expect(new Set(seen)).toEqual(new Set(['Bearer canary-cloud-key']));
      expect(of('Temporal', 'reachable')).toMatchObject({ status: 'problem', remedy: expect.stringMatching(/API key/) as string });
      expect(printed).not.toMatch(/canary/);
    });
    // Without a tls section there is TLS all the same: a server without it never sees the key.
    const plain: string[] = [];
    const listener = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (part) => plain.push(part.toString('latin1')));
    });
    await served(listener, async (port) => {
      const config = `temporal: { address: "127.0.0.1:${port}", apiKeyEnv: CLOUD_KEY }\n`;
      const { of } = await doctor({ config, env: { CLOUD_KEY: 'canary-cloud-key' }, seconds: 2 });
      expect(of('Temporal', 'reachable')).toMatchObject({ status: 'problem', detail: expect.stringMatching(/in time/) as string });
    });
    // The first byte of a TLS handshake.
    expect(plain[0]?.charCodeAt(0)).toBe(0x16);
    expect(plain.join('')).not.toMatch(/canary/);
  });
});
