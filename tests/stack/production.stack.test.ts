import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockModel } from '../../bench/mock-model.ts';
import { llmFlow } from '../llm-flow.ts';
import { PROJECT, riskflow, startRiskflow, testEnvironment, withFolder, type Started } from '../riskflow-process.ts';

const mysql = process.env['RISKFLOW_TEST_MYSQL_URL'];
const temporal = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'];
const missing = mysql === undefined || temporal === undefined;
const reason = missing ? ' (left out: RISKFLOW_TEST_MYSQL_URL or RISKFLOW_TEST_TEMPORAL_ADDRESS is not set)' : '';

type Run = { readonly status: string; readonly outputs: unknown; readonly totalSteps: number; readonly error: string | null };
type Line = { readonly event: string; readonly data: { readonly node_id?: string; readonly status?: string } };

describe.skipIf(missing)(`commands on MySQL and Temporal${reason}`, { timeout: 120_000 }, () => {
  const name = `riskflow_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(mysql ?? 'mysql://nowhere/none');
  url.pathname = `/${name}`;

  const admin = () => {
    const server = new URL(url);
    server.pathname = '/';
    return createConnection(server.href);
  };
  beforeAll(async () => {
    const connection = await admin();
    await connection.query(`create database ${name}`);
    await connection.end();
  });
  afterAll(async () => {
    const connection = await admin();
    await connection.query(`drop database ${name}`);
    await connection.end();
  });

  const environmentOf = (folder: string, extra: Readonly<Record<string, string>> = {}) => {
    // A queue of its own: other workers of this server must not take the runs.
    writeFileSync(join(folder, 'riskflow.yml'), `temporal: { address: "${temporal ?? ''}", taskQueue: ${name} }\n`);
    return testEnvironment(join(folder, 'data'), {
      RISKFLOW_MYSQL_URL: url.href,
      RISKFLOW_CONFIG: join(folder, 'riskflow.yml'),
      ...extra,
    });
  };
  const startWorker = async (environment: Readonly<Record<string, string>>): Promise<Started> => {
    const worker = startRiskflow(['worker', '--json', '--http', '127.0.0.1:0'], environment);
    await new Promise<void>((resolve, reject) => {
      worker.child.stdout?.once('data', () => resolve());
      void worker.finished.then(({ stderr }) => reject(new Error(`the worker ended: ${stderr}`)));
    });
    return worker;
  };
  const stop = async ({ child, finished }: Started): Promise<number | null> => {
    child.kill('SIGTERM');
    return (await finished).code;
  };

  it('a run on Temporal has the outputs and the events of one in this process', async () => {
    await withFolder(async (folder) => {
      const environment = environmentOf(folder);
      const worker = await startWorker(environment);
      const flow = join(PROJECT, 'examples', 'report-triage', 'triage-rules.yml');
      const input = ['--inputs', '{"text": "You won a prize, send your verification code"}'];
      const here = JSON.parse((await riskflow(['run', flow, ...input, '--json'], environment)).stdout) as Run;
      const there = JSON.parse((await riskflow(['run', flow, ...input, '--json', '--on', 'temporal'], environment)).stdout) as Run;
      expect(here.status).toBe('succeeded');
      expect([there.status, there.outputs, there.totalSteps]).toEqual([here.status, here.outputs, here.totalSteps]);
      const eventsOf = async (on: string): Promise<readonly unknown[]> => {
        const { stdout } = await riskflow(['run', flow, ...input, '--events', '--on', on], environment);
        const lines = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Line);
        return lines.map(({ event, data }) => [event, data.node_id, data.status]);
      };
      const events = await eventsOf('here');
      expect(events.at(-1)).toEqual(['workflow_finished', undefined, 'succeeded']);
      expect(await eventsOf('temporal')).toEqual(events);
      expect(await stop(worker)).toBe(0);
    });
  });

  it('kill -9 of the worker in the middle of a call: the next one finishes the run, and the call alone is made again', async () => {
    await withFolder(async (folder) => {
      const held = Promise.withResolvers<void>();
      const mock = await startMockModel({ delayMs: 1, labels: ['spam'], held: held.promise });
      try {
        const environment = environmentOf(folder, { OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1`, OPENAI_API_KEY: 'none' });
        writeFileSync(join(folder, 'flow.yml'), llmFlow('Spam or ham?'));
        const first = await startWorker(environment);
        const running = riskflow(['run', join(folder, 'flow.yml'), '--inputs', '{"text": "x"}', '--json', '--on', 'temporal'], environment);
        await expect.poll(() => mock.calls().begun, { timeout: 20_000 }).toBe(1);
        first.child.kill('SIGKILL');
        await first.finished;
        const second = await startWorker(environment);
        held.resolve();
        const finished = await running;
        expect(JSON.parse(finished.stdout), finished.stderr).toMatchObject({ status: 'succeeded', outputs: { label: 'spam' } });
        expect(mock.calls().begun).toBe(2);
        expect(await stop(second)).toBe(0);
      } finally {
        await mock.close();
      }
    });
  });

  it('says what is missing: a server, a worker', async () => {
    await withFolder(async (folder) => {
      const environment = environmentOf(folder);
      writeFileSync(join(folder, 'flow.yml'), llmFlow('Spam or ham?'));
      const run = ['run', join(folder, 'flow.yml'), '--on', 'temporal'];
      const { RISKFLOW_CONFIG: _, ...without } = environment;
      const nowhere = await riskflow(run, without, folder.replace(/[^/\\]*$/, ''));
      expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('no Temporal server is set')]);
      const dead = await riskflow(run, { ...environment, RISKFLOW_TEMPORAL_ADDRESS: '127.0.0.1:1' });
      expect([dead.code, dead.stderr]).toEqual([1, expect.stringContaining('no Temporal server answers at 127.0.0.1:1')]);
      expect(`${nowhere.stderr}${dead.stderr}`).not.toContain('    at ');
    });
  });
});
