import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createConnection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startMockModel, type MockModel } from '../../bench/mock-model.ts';
import { readWish } from '../../runtime/commands/batches/batch-control.ts';
import { evaluationStream } from '../../runtime/commands/evaluations/evaluation-run.ts';
import { evaluationKind } from '../../runtime/commands/evaluations/evaluation-work.ts';
import { goOnWithEvaluation, openApp, readSettings, type Context } from '../../runtime/index.ts';
import { holdLease } from '../../runtime/leases.ts';
import { writeLlmEvaluation } from '../llm-flow.ts';
import { riskflow, startRiskflow, testEnvironment, withFolder, type Started } from '../riskflow-process.ts';

const mysql = process.env['RISKFLOW_TEST_MYSQL_URL'];
const temporal = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'];
const missing = mysql === undefined || temporal === undefined;
const reason = missing ? ' (left out: RISKFLOW_TEST_MYSQL_URL or RISKFLOW_TEST_TEMPORAL_ADDRESS is not set)' : '';

const SAMPLES = 200;
const DELAY_MS = 400;

type Summary = {
  readonly id: string;
  readonly n: number;
  readonly variants: Readonly<Record<string, { readonly n: number; readonly calls: number }>>;
  readonly difference: unknown;
  readonly flips: unknown;
  readonly verdict: string;
};
type Environment = Readonly<Record<string, string>>;
type Files = ReturnType<typeof writeLlmEvaluation>;
type Listed = { readonly evaluations: readonly { readonly id: string; readonly status: string; readonly results: number }[] };

describe.skipIf(missing)(`evaluations on MySQL and Temporal${reason}`, { timeout: 200_000 }, () => {
  const name = `riskflow_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(mysql ?? 'mysql://nowhere/none');
  url.pathname = `/${name}`;
  let mock: MockModel;
  let connection: Connection;

  const query = async (text: string): Promise<void> => {
    const server = new URL(url);
    server.pathname = '/';
    const admin = await createConnection(server.href);
    await admin.query(text);
    await admin.end();
  };
  beforeAll(async () => {
    await query(`create database ${name}`);
    mock = await startMockModel({ delayMs: DELAY_MS, labels: ['spam', 'ham'] });
    connection = await Connection.connect({ address: temporal ?? '' });
  });
  afterAll(async () => {
    await connection.close();
    await mock.close();
    await query(`drop database ${name}`);
  });

  const environmentOf = (folder: string, model: MockModel = mock): Environment =>
    testEnvironment(join(folder, 'data'), {
      RISKFLOW_MYSQL_URL: url.href,
      RISKFLOW_TEMPORAL_ADDRESS: temporal ?? '',
      // A queue of its own: other workers of this server must not take the runs.
      RISKFLOW_TEMPORAL_TASK_QUEUE: name,
      OPENAI_BASE_URL: `http://127.0.0.1:${model.port}/v1`,
      OPENAI_API_KEY: 'none',
    });
  const workers: Started[] = [];
  afterEach(async () => {
    for (const { child, finished } of workers.splice(0)) {
      child.kill('SIGKILL');
      await finished;
    }
  });
  const startWorker = async (environment: Environment): Promise<Started> => {
    const worker = startRiskflow(['worker', '--json', '--no-http'], environment);
    workers.push(worker);
    await new Promise<void>((resolve, reject) => {
      worker.child.stdout?.once('data', () => resolve());
      void worker.finished.then(({ stderr }) => reject(new Error(`the worker ended: ${stderr}`)));
    });
    return worker;
  };
  /** The id of an evaluation (or of what else is under way), which it says as soon as it is under way. */
  const idOf = ({ child }: Started, says = /evaluation (e-[\w-]+):/): Promise<string> =>
    new Promise((resolve) => {
      child.stderr?.on('data', (text: string) => {
        const id = says.exec(text)?.[1];
        if (id !== undefined) resolve(id);
      });
    });
  const run = (environment: Environment, files: { readonly a: string; readonly b: string }, more: readonly string[] = []): Started =>
    startRiskflow(
      ['eval', 'run', '--a', files.a, '--b', files.b, '--samples', 'sms', '--concurrency', '32', '--json', ...more],
      environment,
    );
  const json = async <T>(environment: Environment, args: readonly string[]): Promise<T> => {
    const { stdout, stderr } = await riskflow([...args, '--json'], environment);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };
  const newest = async (environment: Environment) => (await json<Listed>(environment, ['eval', 'list'])).evaluations[0];
  const summaryOf = async ({ finished }: Started): Promise<Summary> => {
    const { stdout, stderr } = await finished;
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Summary;
  };
  /** The application in this process, over the same storage. */
  const withApp = async (environment: Environment, use: (context: Context) => Promise<void>): Promise<void> => {
    const app = await openApp(readSettings(environment, process.cwd()), { actor: 'tester' });
    try {
      await use(app.context);
    } finally {
      await app.close();
    }
  };
  /** What is the same wherever it ran; times are not. */
  const totals = ({ n, variants, difference, flips, verdict }: Summary): unknown =>
    JSON.parse(
      JSON.stringify({ n, variants, difference, flips, verdict }, (key, value: unknown) => (key === 'elapsedMs' ? undefined : value)),
    );
  const setUp = async (folder: string, environment: Environment, samples = SAMPLES) => {
    const files = writeLlmEvaluation(folder, samples);
    await json(environment, ['sample', 'import', 'sms', files.csv]);
    return files;
  };

  it('two workers share one; one is killed in the middle; the totals are those of an undisturbed one in one process', async () => {
    await withFolder(async (folder) => {
      const environment = environmentOf(folder);
      const files = await setUp(folder, environment);
      const here = await summaryOf(run(environment, files));
      const victim = await startWorker(environment);
      await startWorker(environment);
      const before = mock.calls().begun;
      const following = run(environment, files, ['--on', 'temporal']);
      const id = await idOf(following);
      await expect.poll(() => mock.calls().begun - before, { timeout: 60_000 }).toBeGreaterThan(32);
      const workflowId = `default/evaluation/${id}`;
      const client = new Client({ connection });
      // Both have a part of it in their hands.
      const workersOf = async () => {
        const { raw } = await client.workflow.getHandle(`${workflowId}/shard-0`).describe();
        return new Set(raw.pendingActivities?.map(({ lastWorkerIdentity }) => lastWorkerIdentity)).size;
      };
      await expect.poll(workersOf, { timeout: 20_000 }).toBe(2);
      const paid = mock.calls();
      victim.child.kill('SIGKILL');
      const there = await summaryOf(following);
      expect(paid.begun - before).toBeLessThan(2 * SAMPLES);
      expect(totals(there)).toEqual(totals(here));
      expect(there.variants['A']?.n).toBe(SAMPLES);
      expect(there.variants['A']?.calls).toBe(SAMPLES);
      // Only what was in flight is asked twice.
      expect(mock.calls().begun - before - 2 * SAMPLES).toBeLessThanOrEqual(32);

      const described = await client.workflow.getHandle(workflowId).describe();
      expect([there.id, described.status.name]).toEqual([id, 'COMPLETED']);

      expect((await newest(environment))?.status).toBe('judged');

      // Its end is told again, since the answer was lost: it is not judged twice.
      await withApp(environment, async (context) => {
        const { storage, workspaceId } = context;
        const lease = await holdLease(context, evaluationStream(id));
        const counts = { succeeded: 2 * SAMPLES, failed: 0, stopped: 0, handedOver: 0 };
        expect(await evaluationKind(context).close(id, { fence: lease.fence, counts })).toBe(there.verdict);
        await lease.release();
        const judged: string[] = [];
        for (let known = 0; ;) {
          const page = await storage.events.readStream(workspaceId, evaluationStream(id), { afterVersion: known });
          judged.push(...page.filter(({ type }) => type === 'EvaluationJudged').map(({ type }) => type));
          known += page.length;
          if (page.length === 0) break;
        }
        expect(judged).toEqual(['EvaluationJudged']);
      });
    });
  });

  it('is paused, left alone, gone on with, and cancelled, each within two seconds', async () => {
    await withFolder(async (folder) => {
      // Slow enough that it is under way for a while on a busy machine.
      const slow = await startMockModel({ delayMs: 1_500, labels: ['spam', 'ham'] });
      const environment = environmentOf(folder, slow);
      const files = await setUp(folder, environment, 400);
      await startWorker(environment);
      const following = run(environment, files, ['--on', 'temporal']);
      const id = await idOf(following);
      await expect.poll(() => slow.calls().begun, { timeout: 60_000 }).toBeGreaterThan(20);
      // The follower goes, Temporal goes on.
      following.child.kill('SIGINT');
      const left = await following.finished;
      expect([left.code, left.stderr]).toEqual([1, expect.stringContaining(`riskflow eval cancel ${id}`)]);

      expect(await json(environment, ['eval', 'pause', id])).toEqual({ id, status: 'requested' });
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const quiet = slow.calls().begun;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(slow.calls().begun).toBe(quiet);
      expect((await newest(environment))?.status).toBe('paused');
      expect(quiet).toBeLessThan(800);

      // Whoever goes on with it in nobody's name, such as a schedule after a restart, leaves it paused.
      await withApp(environment, async (context) => {
        const enough = AbortSignal.timeout(3_000);
        const asked = { signal: enough, onProgress: () => undefined, report: null, respectPause: true };
        await expect(goOnWithEvaluation(context, id, asked)).rejects.toMatchObject({ name: 'TimeoutError' });
        expect((await readWish(context, evaluationStream(id)))?.wish).toBe('pause');
      });
      expect([slow.calls().begun, (await newest(environment))?.status]).toEqual([quiet, 'paused']);

      const again = startRiskflow(['eval', 'resume', id, '--json'], environment);
      await expect.poll(() => slow.calls().begun, { timeout: 30_000 }).toBeGreaterThan(quiet + 20);
      expect(await json(environment, ['eval', 'cancel', id, '--reason', 'wrong set'])).toEqual({ id, status: 'requested' });
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const stopped = slow.calls().begun;
      const cancelled = await again.finished;
      expect([cancelled.code, cancelled.stderr]).toEqual([1, expect.stringContaining(`evaluation ${id} was cancelled: wrong set`)]);
      expect(slow.calls().begun).toBe(stopped);
      expect((await newest(environment))?.status).toBe('cancelled');
      const resumed = await riskflow(['eval', 'resume', id], environment);
      expect([resumed.code, resumed.stderr]).toEqual([1, expect.stringContaining('was cancelled')]);
      await slow.close();
    });
  });

  it.each([
    { kind: 'batch', args: ({ a, csv }: Files) => ['run', a, '--batch', csv], says: /batch (\S+): / },
    { kind: 'eval', args: ({ a, b }: Files) => ['eval', 'run', '--a', a, '--b', b, '--samples', 'sms'], says: /evaluation (\S+): / },
  ])('a cancelled $kind begins no call any more, whatever its runs wait for', async ({ kind, args, says }) => {
    await withFolder(async (folder) => {
      const held = Promise.withResolvers<void>();
      const slow = await startMockModel({ delayMs: 1, labels: ['spam'], held: held.promise });
      const environment = environmentOf(folder, slow);
      const files = await setUp(folder, environment);
      await startWorker(environment);
      const following = startRiskflow([...args(files), '--concurrency', '8', '--on', 'temporal'], environment);
      const id = await idOf(following, says);
      await expect.poll(() => slow.calls().begun, { timeout: 60_000 }).toBe(8);
      expect((await riskflow([kind, 'cancel', id], environment)).code).toBe(0);
      expect((await following.finished).stderr).toContain('was cancelled');
      // Its calls are broken off, which the process does that works on it, not the one that follows.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect(slow.calls()).toMatchObject({ begun: 8, answered: 0 });
      held.resolve();
      await slow.close();
    });
  });
});
