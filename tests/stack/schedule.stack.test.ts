import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemporalClient } from '../../runtime/temporal/open-client.ts';
import { temporalSchedules } from '../../runtime/temporal/schedules.ts';
import { schedulesContract } from '../../runtime/schedules/schedules.contract.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import { workingFolder } from '../cli/fixtures.ts';
import { riskflow, startRiskflow, testEnvironment, type Started } from '../riskflow-process.ts';

const mysql = process.env['RISKFLOW_TEST_MYSQL_URL'];
const temporal = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'];
const missing = mysql === undefined || temporal === undefined;
const reason = missing ? ' (left out: RISKFLOW_TEST_MYSQL_URL or RISKFLOW_TEST_TEMPORAL_ADDRESS is not set)' : '';

/** Of this test alone, also on a server that others use. */
const own = `sched${randomBytes(5).toString('hex')}`;
const place = { address: temporal ?? '', namespace: 'default', taskQueue: own };

describe.skipIf(missing)(`schedules that Temporal keeps${reason}`, { timeout: 120_000 }, () => {
  schedulesContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'riskflow-schedules-'));
    const storage = await openSqliteStorage({ folder });
    const schedules = temporalSchedules({ storage, workspaceId: own, actor: 'tester', now: Date.now }, place);
    return {
      schedules,
      close: async () => {
        for (const { schedule } of await schedules.list()) await schedules.delete(schedule);
        await schedules.close();
        await storage.close();
        rmSync(folder, { recursive: true });
      },
    };
  });
});

type Occurrence = {
  readonly scheduledFor: string;
  readonly status: string;
  readonly workId: string;
  readonly detail: string | null;
  readonly triggered: boolean;
};
type Shown = {
  readonly keeper: string;
  readonly nextTimes: readonly string[];
  readonly state: string;
  readonly occurrences: readonly Occurrence[];
};

describe.skipIf(missing)(`scheduled work on Temporal and MySQL${reason}`, { timeout: 180_000 }, () => {
  const url = new URL(mysql ?? 'mysql://nowhere/none');
  url.pathname = `/${own}`;
  const folder = workingFolder();
  const onTemporal = (extra: Readonly<Record<string, string>> = {}) =>
    testEnvironment(join(folder, 'data'), { RISKFLOW_MYSQL_URL: url.href, RISKFLOW_CONFIG: join(folder, 'temporal.yml'), ...extra });
  /** The same data, as a process without Temporal sees it. */
  const without = () => testEnvironment(join(folder, 'data'), { RISKFLOW_MYSQL_URL: url.href });
  const admin = () => {
    const server = new URL(url);
    server.pathname = '/';
    return createConnection(server.href);
  };
  const json = async <T>(args: readonly string[], environment = onTemporal()): Promise<T> => {
    const { code, stdout, stderr } = await riskflow([...args, '--json'], environment, folder);
    if (code !== 0) throw new Error(`riskflow ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  };
  const show = (name: string): Promise<Shown> => json<Shown>(['schedule', 'show', name, '--limit', '100']);
  const statuses = async (name: string): Promise<readonly string[]> => (await show(name)).occurrences.map(({ status }) => status);
  const startWorker = async (): Promise<Started> => {
    const worker = startRiskflow(['worker', '--json'], onTemporal(), folder);
    await new Promise<void>((resolve, reject) => {
      worker.child.stdout?.once('data', () => resolve());
      void worker.finished.then(({ stderr }) => reject(new Error(`the worker ended: ${stderr}`)));
    });
    return worker;
  };
  const stop = async ({ child, finished }: Started): Promise<string> => {
    child.kill('SIGTERM');
    return (await finished).stderr;
  };
  const onServer = async <T>(ask: (client: Awaited<ReturnType<typeof openTemporalClient>>['client']) => Promise<T>): Promise<T> => {
    const opened = await openTemporalClient(place);
    try {
      return await ask(opened.client);
    } finally {
      await opened.close();
    }
  };
  const idOf = (name: string): string => `default/schedule/${name}`;
  const INPUT = ['--inputs', '{"text": "win a prize"}'];
  const names = ['sweep', 'late', 'drift', 'slow'].map((name) => `${name}-${own}`);
  const [sweep = '', late = '', drift = '', slow = ''] = names;

  beforeAll(async () => {
    writeFileSync(join(folder, 'temporal.yml'), `temporal: { address: "${temporal ?? ''}", taskQueue: ${own} }\n`);
    const connection = await admin();
    await connection.query(`create database ${own}`);
    await connection.end();
    for (const file of ['good.yml', 'bad.yml']) await riskflow(['flow', 'import', file], onTemporal(), folder);
  }, 60_000);
  afterAll(async () => {
    await onServer(async ({ schedule }) => {
      for (const name of names)
        await schedule
          .getHandle(idOf(name))
          .delete()
          .catch(() => undefined);
    });
    const connection = await admin();
    await connection.query(`drop database ${own}`);
    await connection.end();
  }, 60_000);

  it('runs what is due and what is triggered, each once, under names that say when', async () => {
    await json(['schedule', 'create', sweep, '--every', '2s', '--flow', 'good', ...INPUT]);
    const worker = await startWorker();
    await expect
      .poll(async () => (await statuses(sweep)).filter((status) => status === 'succeeded').length, { timeout: 60_000 })
      .toBeGreaterThan(1);
    await json(['schedule', 'pause', sweep, '--note', 'enough']);
    await expect.poll(() => statuses(sweep), { timeout: 30_000 }).not.toContain('running');
    await json(['schedule', 'trigger', sweep]);
    // Not any other one: what was due just before the pause may be seen only now.
    const asked = async () => (await show(sweep)).occurrences.filter(({ triggered }) => triggered).length;
    await expect.poll(asked, { timeout: 30_000 }).toBe(1);
    await expect.poll(() => statuses(sweep), { timeout: 30_000 }).not.toContain('running');
    const { occurrences, keeper, state } = await show(sweep);
    expect([keeper, state]).toEqual(['temporal', 'paused']);
    expect(occurrences.filter(({ triggered }) => triggered)).toHaveLength(1);
    for (const { scheduledFor, workId, status, triggered } of occurrences) {
      expect([status, workId]).toEqual(['succeeded', `${sweep}.${scheduledFor.replace(/[-:]|\.000/g, '')}`]);
      if (!triggered) expect(Date.parse(scheduledFor) % 2_000).toBe(0);
    }
    expect(new Set(occurrences.map(({ workId }) => workId)).size).toBe(occurrences.length);
    await onServer(async ({ schedule, workflow }) => {
      const { state: kept, action, info } = await schedule.getHandle(idOf(sweep)).describe();
      expect(kept).toMatchObject({ paused: true, note: 'enough' });
      expect(action).toMatchObject({ workflowType: 'scheduled', taskQueue: own });
      const [first] = info.recentActions;
      const begun = await workflow.getHandle(first?.action.workflow.workflowId ?? '').describe();
      expect(begun.status.name).toBe('COMPLETED');
      // The run itself is a workflow of its own, found by the id of the run.
      const run = await workflow.getHandle(`default/run/${occurrences[0]?.workId ?? ''}`).describe();
      expect([run.type, run.status.name]).toEqual(['runFlow', 'COMPLETED']);
    });
    await stop(worker);
  });

  it('what Temporal was not told it is told at the next start: of a worker and of riskflow start', async () => {
    const create = ['schedule', 'create', late, '--cron', '0 3 * * *', '--timezone', 'Europe/Berlin', '--flow', 'good', ...INPUT];
    await json(create, without());
    const worker = await startWorker();
    const paused = () => onServer(async ({ schedule }) => (await schedule.getHandle(idOf(late)).describe()).state.paused);
    await expect.poll(paused, { timeout: 30_000 }).toBe(false);
    expect(await stop(worker)).toContain(`made Temporal agree with the ledger about the schedules ${late}`);
    await json(['schedule', 'pause', late], without());
    const server = startRiskflow(['start', '--json'], onTemporal(), folder);
    await expect.poll(paused, { timeout: 30_000 }).toBe(true);
    server.child.kill('SIGTERM');
    const { code, stdout, stderr } = await server.finished;
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { status: 'ready', keeper: 'temporal', mended: [late], trouble: null, http: expect.any(String) as string },
    ]);
    expect(stderr).toContain('keeps the schedules, and riskflow worker does their work');
    // Changed in Temporal alone: the ledger holds.
    await onServer(({ schedule }) => schedule.getHandle(idOf(late)).unpause());
    await json(['schedule', 'pause', late]);
    expect(await paused()).toBe(true);
    await json(['schedule', 'delete', late], without());
    const again = startRiskflow(['start'], onTemporal(), folder);
    const isGone = () =>
      onServer(({ schedule }) =>
        schedule
          .getHandle(idOf(late))
          .describe()
          .then(
            () => false,
            () => true,
          ),
      );
    await expect.poll(isGone, { timeout: 30_000 }).toBe(true);
    again.child.kill('SIGTERM');
    expect((await again.finished).code).toBe(0);
  });

  it('evaluates to the verdict', async () => {
    await json(['sample', 'import', 'small', 'samples.csv']);
    await json(['schedule', 'create', drift, '--cron', '30 4 * * MON', '--a', 'good', '--b', 'bad', '--samples', 'small']);
    const worker = await startWorker();
    await json(['schedule', 'trigger', drift]);
    await expect.poll(() => statuses(drift), { timeout: 90_000 }).toEqual(['succeeded']);
    const [occurrence] = (await show(drift)).occurrences;
    expect(occurrence).toMatchObject({ detail: 'FAIL', triggered: true });
    const { evaluations } = await json<{ readonly evaluations: readonly unknown[] }>(['eval', 'list']);
    expect(evaluations).toMatchObject([{ id: occurrence?.workId, status: 'judged', verdict: 'FAIL' }]);
    await stop(worker);
  });

  it('what is cancelled in Temporal is cancelled with its evaluation', async () => {
    writeFileSync(join(folder, 'slow.json'), JSON.stringify({ say: { outputs: { output: 'ham' }, delayMs: 120_000 } }));
    const create = ['schedule', 'create', slow, '--cron', '30 4 * * MON', '--a', 'good', '--b', 'bad', '--samples', 'small'];
    await json([...create, '--pin', 'slow.json']);
    const worker = await startWorker();
    await json(['schedule', 'trigger', slow]);
    type Listed = { readonly evaluations: readonly { readonly id: string; readonly status: string }[] };
    const ofSlow = async () => (await json<Listed>(['eval', 'list'])).evaluations.find(({ id }) => id.includes(slow));
    await expect.poll(async () => (await ofSlow())?.status, { timeout: 60_000 }).toBe('running');
    await onServer(async ({ schedule, workflow }) => {
      const [begun] = (await schedule.getHandle(idOf(slow)).describe()).info.recentActions;
      await workflow.getHandle(begun?.action.workflow.workflowId ?? '').cancel();
    });
    await expect.poll(async () => (await ofSlow())?.status, { timeout: 30_000 }).toBe('cancelled');
    await expect.poll(() => statuses(slow), { timeout: 30_000 }).toEqual(['stopped']);
    const evaluation = `default/evaluation/${(await ofSlow())?.id ?? ''}`;
    const ended = () => onServer(async ({ workflow }) => (await workflow.getHandle(evaluation).describe()).status.name);
    await expect.poll(ended, { timeout: 30_000 }).toBe('COMPLETED');
    await stop(worker);
  });

  it('without a server nothing is noted', async () => {
    const environment = onTemporal({ RISKFLOW_TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const { code, stderr } = await riskflow(
      ['schedule', 'create', 'nowhere', '--every', '1h', '--flow', 'good', ...INPUT],
      environment,
      folder,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('no Temporal server answers at 127.0.0.1:1')]);
    expect(
      (await json<{ readonly schedules: readonly { readonly schedule: string }[] }>(['schedule', 'list'])).schedules.map(
        (each) => each.schedule,
      ),
    ).not.toContain('nowhere');
  });
});
