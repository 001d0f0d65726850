import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openApp, readSettings } from '../../runtime/index.ts';
import { llmFlow, startRigModel, type RigModel } from '../../runtime/streams/source-rig.ts';
import { riskflow, startRiskflow, testEnvironment, type Started } from '../riskflow-process.ts';
import { makeDatabase } from './own-database.ts';

const mysql = process.env['RISKFLOW_TEST_MYSQL_URL'] ?? '';
const temporal = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'] ?? '';
const missing = mysql === '' || temporal === '';
const reason = missing ? ' (left out: RISKFLOW_TEST_MYSQL_URL or RISKFLOW_TEST_TEMPORAL_ADDRESS is not set)' : '';
const soon = { timeout: 60_000, interval: 250 };

describe.skipIf(missing)(`the records of a source, decided by workers on Temporal${reason}`, () => {
  const closing: (() => Promise<unknown>)[] = [];
  let model: RigModel;
  beforeEach(async () => {
    model = await startRigModel(20);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    await model.close();
  });

  it(
    'a killed worker leaves its parts to the other, and one that is stopped at once; pause and resume at once loses no part; stop ends the workflow',
    { timeout: 180_000 },
    async () => {
      const database = await makeDatabase(mysql);
      closing.push(() => database.drop());
      const folder = mkdtempSync(join(tmpdir(), 'riskflow-decide-'));
      closing.push(() => Promise.resolve(rmSync(folder, { recursive: true, force: true })));
      const config = join(folder, 'riskflow.yml');
      writeFileSync(config, JSON.stringify({ temporal: { address: temporal, taskQueue: database.name } }));
      const flow = join(folder, 'asking.yml');
      writeFileSync(flow, llmFlow());
      const source = join(folder, 'source.yml');
      writeFileSync(
        source,
        JSON.stringify({
          name: database.name,
          flow,
          connector: { kind: 'push' },
          record: { key: 'id', subject: 'id' },
          decide: { concurrency: 4 },
        }),
      );
      const environment = testEnvironment(join(folder, 'data'), {
        ...model.environment,
        RISKFLOW_MYSQL_URL: database.url,
        RISKFLOW_CONFIG: config,
      });
      const cli = async (...args: readonly string[]) => expect(await riskflow(args, environment)).toMatchObject({ code: 0 });
      const begin = async (args: readonly string[], pattern: RegExp): Promise<Started & { readonly said: string }> => {
        const started = startRiskflow([...args, '--json', '--http', '127.0.0.1:0'], environment);
        closing.push(async () => {
          started.child.kill('SIGKILL');
          await started.finished;
        });
        let said = '';
        await new Promise<void>((resolve, reject) => {
          const see = (text: string): void => {
            said += text;
            if (pattern.test(said)) resolve();
          };
          started.child.stdout?.on('data', see);
          started.child.stderr?.on('data', see);
          started.finished.then(({ stderr }) => reject(new Error(stderr)), reject);
        });
        return { ...started, said };
      };
      await cli('source', 'create', '--config', source);
      await cli('source', 'start', database.name, '--detach');
      const worker = await begin(['worker'], /"ready"/);
      const other = await begin(['worker', '--drain-seconds', '600'], /"ready"/);
      const keeper = await begin(['start', '--listen', '127.0.0.1:0'], /taken at \S+\/ID[\s\S]*"ready"|"ready"[\s\S]*taken at \S+\/ID/);
      const url = /taken at (\S+)\/ID\/records/.exec(keeper.said)?.[1] ?? '';
      const push = async (from: number, to: number): Promise<void> => {
        const records = Array.from({ length: to - from }, (_, i) => ({ id: `r-${from + i}`, text: `number ${from + i}` }));
        const answer = await fetch(`${url}/${database.name}/records`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(records),
        });
        expect(answer.status).toBe(202);
      };
      const app = await openApp(readSettings(environment, folder), { actor: 'tester' });
      closing.push(() => app.close());
      const counts = () => app.context.storage.inbox.counts('default', database.name);

      await push(0, 60);
      await vi.waitFor(async () => expect((await counts()).decided).toBeGreaterThan(5), soon);
      worker.child.kill('SIGKILL');
      await worker.finished;
      await push(60, 80);
      await vi.waitFor(async () => expect(await counts()).toMatchObject({ decided: 80, pending: 0, failed: 0 }), soon);

      await cli('source', 'pause', database.name);
      await cli('source', 'resume', database.name);
      await push(80, 140);
      await vi.waitFor(async () => expect(await counts()).toMatchObject({ decided: 140, pending: 0, failed: 0 }), soon);

      // Its turns began when the source was resumed, and would last a minute: they end early, whole, and the next worker has the parts.
      const asked = performance.now();
      other.child.kill('SIGTERM');
      const [drained] = await Promise.all([other.finished, begin(['worker'], /"ready"/)]);
      expect(drained.code, drained.stderr).toBe(0);
      expect(performance.now() - asked).toBeLessThan(40_000);
      await push(140, 150);
      await vi.waitFor(async () => expect(await counts()).toMatchObject({ decided: 150, pending: 0, failed: 0 }), soon);

      const connection = await Connection.connect({ address: temporal });
      closing.push(() => connection.close());
      const handle = new Client({ connection }).workflow.getHandle(`${database.name}/default/source/${database.name}`);
      await cli('source', 'stop', database.name);
      await vi.waitFor(async () => expect((await handle.describe()).status.name).toBe('COMPLETED'), soon);
      const told = (await handle.result()) as { readonly decided: number; readonly failed: number };
      // What the killed worker decided in its last turn is in the ledger, and in no count.
      expect(told.failed).toBe(0);
      expect(told.decided).toBeGreaterThan(0);
      expect(told.decided).toBeLessThanOrEqual(150);
      await push(0, 1).then(
        () => expect.unreachable('a source that is stopped takes no records'),
        () => undefined,
      );
      expect(await counts()).toMatchObject({ decided: 150, pending: 0 });
    },
  );
});
