import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder, riskflow } from './riskflow.ts';

type Finding = {
  readonly subject: string;
  readonly check: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy: string | null;
};
type Checkup = { readonly status: string; readonly findings: readonly Finding[] };

async function doctor(
  env: Readonly<Record<string, string>>,
  prepare: (folder: string) => void = () => undefined,
  ...args: readonly string[]
) {
  const folder = newFolder();
  prepare(folder);
  const data = join(folder, 'data');
  const { code, out, err } = await riskflow(['doctor', '--json', ...args], { folder, data, env });
  const checkup = JSON.parse(out) as Checkup;
  const of = (subject: string, check: string): Finding | undefined =>
    checkup.findings.find((finding) => finding.subject === subject && finding.check === check);
  return { code, err, checkup, of, data };
}

/** A server for one test; its port. */
async function served<T>(server: Server, use: (port: number) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

describe('riskflow doctor', () => {
  it('finds no problem on a machine without servers, and makes nothing', async () => {
    const { code, checkup, of, data } = await doctor({});
    expect([code, checkup.findings.filter(({ status }) => status === 'problem')]).toEqual([0, []]);
    expect([...new Set(checkup.findings.map(({ subject }) => subject))]).toEqual([
      'Node',
      'machine',
      'configuration',
      'data folder',
      'SQLite',
      'models',
      'sandbox',
    ]);
    expect(of('sandbox', 'JavaScript')?.status).toBe('ok');
    expect(existsSync(data)).toBe(false);
  });

  it('prints a table, what is wrong below it with its remedy, and the count', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'riskflow.yml'), 'modelConcurrency: many\n');
    const { code, out, err } = await riskflow(['doctor'], { folder, data: join(folder, 'data') });
    // On a busy machine it lasts long enough to tell at its end how long.
    expect([code, err.replace(/^doctor +100 % .*\n$/, '')]).toEqual([1, '']);
    expect(out).toMatch(/^status +subject +check +found\n/);
    expect(out).toMatch(/^problem +configuration +modelConcurrency +number is expected/m);
    expect(out).toMatch(/^problem: configuration, modelConcurrency: .*\n {2}→ /m);
    expect(out).toMatch(/\n1 problem, 0 warnings, \d+ fine\n$/);
  });

  it('looks at the rest when the storage cannot be opened', async () => {
    const { code, of } = await doctor({}, (folder) => {
      mkdirSync(join(folder, 'data'));
      writeFileSync(join(folder, 'data', 'riskflow.sqlite'), 'this is no database, and it is longer than the header of one would be');
    });
    expect(code).toBe(1);
    expect(of('SQLite', 'data file')).toMatchObject({
      status: 'problem',
      detail: expect.stringMatching(/cannot be read: file is not a database/) as string,
    });
    expect(of('sandbox', 'JavaScript')?.status).toBe('ok');
  });

  it('says that a data folder cannot be one', async () => {
    const { code, of } = await doctor({}, (folder) => writeFileSync(join(folder, 'data'), ''));
    expect(code).toBe(1);
    expect(of('data folder', 'writable')).toMatchObject({ status: 'problem', detail: expect.stringMatching(/is a file$/) as string });
  });

  it('finds the data that another command made whole, and of this release', async () => {
    const folder = newFolder();
    const data = join(folder, 'data');
    await riskflow(['flow', 'list'], { folder, data });
    const { out } = await riskflow(['doctor', '--json'], { folder, data });
    const { findings } = JSON.parse(out) as Checkup;
    expect(findings.filter(({ subject }) => subject === 'SQLite').map(({ check, status }) => [check, status])).toEqual([
      ['version', 'ok'],
      ['data file', 'ok'],
      ['tables', 'ok'],
    ]);
  });

  it('says which servers refuse, in the time it was given, and shows no password', async () => {
    // One that takes connections and says nothing.
    const silent = createTcpServer((socket) => socket.on('error', () => undefined).unref());
    await served(silent, async (port) => {
      const started = performance.now();
      const { code, checkup, of, err } = await doctor(
        { RISKFLOW_MYSQL_URL: `mysql://u:hunter%4022@127.0.0.1:${port}/r`, RISKFLOW_TEMPORAL_ADDRESS: '127.0.0.1:9' },
        undefined,
        '--timeout',
        '1',
      );
      expect(code).toBe(1);
      expect(of('MySQL', 'reachable')).toMatchObject({ status: 'problem' });
      expect(of('Temporal', 'reachable')).toMatchObject({ status: 'problem', detail: expect.stringMatching(/127\.0\.0\.1:9/) as string });
      expect(performance.now() - started).toBeLessThan(30_000);
      expect(JSON.stringify(checkup) + err).not.toMatch(/hunter/);
    });
  });

  it('has a remedy for each of many things that are wrong at once, and does not take long', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'file'), '');
    const config = [
      'modelConcurrency: many',
      'models:',
      '  far: { baseUrl: "http://192.0.2.1/v1" }',
      '  dead: { baseUrl: "http://127.0.0.1:1/v1", apiKeyEnv: DEAD_KEY }',
    ];
    writeFileSync(join(folder, 'riskflow.yml'), config.join('\n'));
    const env = {
      RISKFLOW_MYSQL_URL: 'mysql://u:hunter22@192.0.2.1/r',
      RISKFLOW_TEMPORAL_ADDRESS: '192.0.2.2:7233',
      OPENAI_BASE_URL: 'http://192.0.2.3/v1',
      RISKFLOW_TURBO: '1',
    };
    const began = performance.now();
    const { code, out } = await riskflow(['doctor', '--json'], { folder, data: join(folder, 'file', 'data'), env });
    expect(performance.now() - began).toBeLessThan(15_000);
    const { findings } = JSON.parse(out) as Checkup;
    const problems = findings.filter(({ status }) => status === 'problem').map(({ subject, check }) => `${subject}, ${check}`);
    expect([code, problems]).toEqual([
      1,
      [
        'configuration, modelConcurrency',
        'data folder, writable',
        'MySQL, reachable',
        'Temporal, reachable',
        'models, openai',
        'models, far',
        'models, dead',
      ],
    ]);
    const wrong = findings.filter(({ status }) => status !== 'ok');
    expect(wrong.filter(({ remedy }) => remedy === null || remedy.length < 10)).toEqual([]);
    expect(out).not.toContain('hunter');
  });

  it('asks endpoints for the list of their models and for nothing else, with their keys', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`);
      const known = request.headers.authorization === 'Bearer good-key-1';
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(known ? '{"data":[{"id":"a"},{"id":"b"}]}' : '{"error":"no good-key-2"}');
    });
    await served(server, async (port) => {
      const { code, of, checkup } = await doctor(
        { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'good-key-1', ACME_API_KEY: 'good-key-2' },
        (folder) => {
          const url = `http://127.0.0.1:${port}/acme/`;
          writeFileSync(
            join(folder, 'riskflow.yml'),
            `models:\n  acme: { baseUrl: "${url}", apiKeyEnv: ACME_API_KEY }\n  open: { baseUrl: "${url}" }\n`,
          );
        },
      );
      expect(code).toBe(1);
      expect(of('models', 'openai')).toMatchObject({ status: 'ok', detail: `http://127.0.0.1:${port}/v1 has 2 models` });
      expect(of('models', 'acme')).toMatchObject({ status: 'problem', detail: expect.stringMatching(/refuses the key/) as string });
      expect(of('models', 'open')).toMatchObject({ status: 'problem', detail: expect.stringMatching(/wants a key/) as string });
      expect(asked.toSorted()).toEqual(['GET /acme/models ', 'GET /acme/models Bearer good-key-2', 'GET /v1/models Bearer good-key-1']);
      expect(JSON.stringify(checkup)).not.toMatch(/good-key/);
    });
  });
});
