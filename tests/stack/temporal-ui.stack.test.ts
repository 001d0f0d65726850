import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startMockModel, type MockModel } from '../../bench/mock-model.ts';
import type { Context } from '../../runtime/index.ts';
import { workflowIdOf, type RunClient } from '../../runtime/temporal/client.ts';
import { registerSearchAttributes, SEARCH_ATTRIBUTES } from '../../runtime/temporal/search-attributes.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { llmFlow, writeLlmEvaluation } from '../llm-flow.ts';
import { startRiskflow, type Started } from '../riskflow-process.ts';
import { stackServers } from './own-database.ts';
import { askFor, openWorkerRig, publish, type WorkerRig } from './worker-rig.ts';

const { temporal, missing, reason } = stackServers();
const ATTRIBUTES = Object.values(SEARCH_ATTRIBUTES);

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

const SAMPLES = 100;
/** Portions of 40 runs one after the other. Pinned answers do not count as calls, so that each takes as long as one of them. */
const BATCHES = [
  {
    kind: 'evaluation',
    command: ['eval', 'run', '--a', 'DIR/a.yml', '--b', 'DIR/b.yml', '--samples', 'ui'],
    runs: 2 * SAMPLES,
    title: 'evaluation · A test, B test · ui',
    details: (id: string) => [
      /^\| samples \| 100 of ui, version [\da-f]{12} \|$/,
      /^\| variant B \| /,
      new RegExp(`^\\| to stop \\| .*eval cancel ${id}`),
    ],
    activities: ['runs 1–40 of 200', 'runs 41–80 of 200', 'runs 81–120 of 200', 'runs 121–160 of 200', 'runs 161–200 of 200'],
    attributes: {},
    closing: 'judges the results',
  },
  {
    kind: 'batch',
    command: ['run', 'DIR/a.yml', '--batch', 'DIR/samples.csv'],
    runs: SAMPLES,
    title: 'batch · test · samples.csv',
    details: (id: string) => [
      /^\| flow \| test, version [\da-f]{12} \|$/,
      /^\| runs \| 100, of samples.csv \|$/,
      new RegExp(`batch resume ${id}`),
    ],
    activities: ['runs 1–40 of 100', 'runs 41–80 of 100', 'runs 81–100 of 100'],
    attributes: { RiskflowFlow: 'test' },
    closing: 'notes the end',
  },
] as const;

describe.skipIf(missing)(`what Temporal's UI shows of a run, an evaluation and a batch${reason}`, { timeout: 120_000 }, () => {
  // Of its own: what is registered in a namespace stays.
  const namespace = `riskflow-test-${randomUUID()}`;
  const release = Promise.withResolvers<void>();
  let connection: Connection;
  let temporalClient: Client;
  let rig: WorkerRig;
  let mock: MockModel;
  let context: Context;
  let client: RunClient;
  let args: RunFlowArgs;
  const notices: string[] = [];

  beforeAll(async () => {
    connection = await Connection.connect({ address: temporal });
    temporalClient = new Client({ connection, namespace });
    await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
    await vi.waitFor(() => connection.operatorService.listSearchAttributes({ namespace }), { timeout: 60_000, interval: 500 });
    rig = await openWorkerRig({ namespace });
    mock = await startMockModel({ delayMs: 1, labels: ['spam'], held: release.promise });
    const model = { OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1`, OPENAI_API_KEY: 'none' };
    context = await rig.app(model);
    const file = join(rig.folder, 'ask_a_model.yml');
    writeFileSync(file, llmFlow('Spam or ham?'));
    const flowVersion = await publish(context, file);
    const origin = { kind: 'sample', evaluationId: 'ev-1', sampleId: 's7', variant: 'B', repeat: 2 } as const;
    args = await askFor(context, { flowVersion, text: 'canary', mode: 'evaluation', origin });
    await rig.worker(model);
  }, 120_000);
  afterAll(async () => {
    release.resolve();
    await rig.close();
    await mock.close();
    await connection.operatorService.deleteNamespace({ namespace });
    await connection.close();
  });

  it('can be searched once the attributes are registered, and people are told once what is missing', async () => {
    const place = context.settings.temporal;
    if (place === undefined) throw new Error('no Temporal is set');
    const before = await rig.client(context, (sentence) => void notices.push(sentence));
    for (let i = 0; i < 2; i++) await before.start(await askFor(context, { flowVersion: args.flowVersion, text: `${i}` }));
    expect(notices).toEqual([
      `the namespace ${namespace} of Temporal lacks the search attributes ${ATTRIBUTES.join(', ')}: riskflow migrate registers them`,
    ]);
    expect(await registerSearchAttributes(place)).toEqual({ registered: ATTRIBUTES, present: [] });
    expect(await registerSearchAttributes(place)).toEqual({ registered: [], present: ATTRIBUTES });
    notices.length = 0;
    client = await rig.client(context, (sentence) => void notices.push(sentence));
    // The server looks at its attributes after a while.
    await expect.poll(() => client.start(args).then(() => 'started', String), { timeout: 60_000 }).toBe('started');
    expect(notices).toEqual([]);
    const found = async (query: string): Promise<readonly string[]> => {
      const ids: string[] = [];
      for await (const { workflowId } of temporalClient.workflow.list({ query })) ids.push(workflowId);
      return ids;
    };
    const { flow } = args.started.data;
    await expect.poll(() => found(`RiskflowFlow = "${flow}" and RiskflowVariant = "B"`), { timeout: 20_000 }).toEqual([workflowIdOf(args)]);
    expect(await found(`RiskflowFlow = "another"`)).toEqual([]);
  });

  it('has an id, a summary, details, a memo, attributes and a priority that say what it is', async () => {
    const { flow, flowVersion } = args.started.data;
    const description = await temporalClient.workflow.getHandle(`default/run/${args.runId}`).describe();
    expect(await description.staticSummary()).toBe(`${flow} · ${flowVersion.slice(0, 12)} · evaluation · sample s7, variant B, repeat 2`);
    const details = (await description.staticDetails()) ?? '';
    expect(details.split('\n')).toEqual(
      expect.arrayContaining([`| flow | ${flow} |`, `| version | ${flowVersion} |`, `| run | ${args.runId} |`, '| mode | evaluation |']),
    );
    expect(details).toContain('`riskflow eval show ev-1 --results`');
    expect(description.memo).toEqual({ flow, flowVersion, mode: 'evaluation', runId: args.runId });
    const attributes = Object.fromEntries(description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({ RiskflowFlow: flow, RiskflowVersion: flowVersion, RiskflowBatch: 'ev-1', RiskflowVariant: 'B' });
    expect(description.priority?.priorityKey).toBe(5);
    expect(JSON.stringify([details, description.memo, attributes])).not.toContain('canary');
  });

  it('shows what it is at, and names nodes in its history', async () => {
    const handle = temporalClient.workflow.getHandle(workflowIdOf(args));
    await expect.poll(() => mock.calls().begun, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
    const metadata = await handle.query<{ readonly currentDetails?: string; readonly definition?: { readonly type: string } }>(
      '__temporal_workflow_metadata',
    );
    expect(metadata.definition?.type).toBe('runFlow');
    expect(metadata.currentDetails).toContain('llm');
    const { events } = await handle.fetchHistory();
    expect(summariesOf(events)).toEqual(['llm']);
    release.resolve();
    expect(await client.result(args)).toMatchObject({ data: { status: 'succeeded' } });
  });

  describe.each(BATCHES)('$kind', ({ kind, command, runs, title, details, activities, attributes, closing }) => {
    let id: string;
    let follower: Started;
    const shown = async (workflowId: string): Promise<readonly string[]> => {
      const handle = temporalClient.workflow.getHandle(workflowId);
      const { currentDetails = '' } = await handle.query<{ readonly currentDetails?: string }>('__temporal_workflow_metadata');
      return currentDetails.split('\n');
    };
    const workflowIds = (): readonly string[] => [`default/${kind}/${id}`, `default/${kind}/${id}/shard-0`];

    beforeAll(async () => {
      const { csv } = writeLlmEvaluation(rig.folder, SAMPLES);
      const pins = join(rig.folder, 'pins.json');
      writeFileSync(pins, JSON.stringify({ 'type:llm': { outputs: { text: 'spam canary' }, delayMs: 2_000 } }));
      const imported = await rig.cli(['sample', 'import', 'ui', csv]);
      if (imported.code !== 0) throw new Error(imported.stderr);
      const queue = [
        ...command.map((word) => word.replace('DIR', rig.folder)),
        '--pin',
        pins,
        '--concurrency',
        '1',
        '--on',
        'temporal',
        '--json',
      ];
      follower = startRiskflow(queue, rig.environment(), rig.folder);
      const type = kind === 'batch' ? 'runBatch' : 'runEvaluation';
      id = await vi.waitFor(
        async () => {
          const [begun] = await Array.fromAsync(temporalClient.workflow.list({ query: `WorkflowType = "${type}"` }));
          if (begun === undefined) throw new Error(`there is no ${type}`);
          return begun.workflowId.slice(`default/${kind}/`.length);
        },
        { timeout: 40_000, interval: 200 },
      );
    }, 60_000);

    it('shows how far it is, and its shard what is under way', async () => {
      for (const workflowId of workflowIds()) {
        const head = async () => (await shown(workflowId))[0];
        // Some of it is done, and not all.
        await expect
          .poll(head, { timeout: 30_000 })
          .toMatch(new RegExp(String.raw`^\*\*running\*\* · [1-9]\d* of ${runs} runs \([1-9]\d? %\)$`));
        const lines = await shown(workflowId);
        expect(lines.slice(1, 4)).toEqual([
          '',
          '| succeeded | failed | stopped | handed over | runs/s | under way |',
          '|--:|--:|--:|--:|--:|---|',
        ]);
        expect(lines[4]).toMatch(/^\| \d+ \| 0 \| 0 \| 0 \| \d+(\.\d)? \| \d+–\d+(, \d+–\d+)* \|$/);
      }
    });

    it('has a summary, details, attributes and a priority that say what it is, and names its activities', async () => {
      const { code, stdout, stderr } = await follower.finished;
      const { verdict = null } = JSON.parse(stdout) as { readonly verdict?: string };
      expect(verdict === null ? 0 : { PASS: 0, FAIL: 3, UNDECIDED: 4 }[verdict], stderr).toBe(code);
      const [batch = '', shard = ''] = workflowIds();
      for (const workflowId of [batch, shard]) expect((await shown(workflowId))[0]).toBe(`**over** · ${runs} of ${runs} runs (100 %)`);

      const description = await temporalClient.workflow.getHandle(batch).describe();
      expect(await description.staticSummary()).toBe(title);
      const told = (await description.staticDetails()) ?? '';
      for (const row of details(id)) expect(told.split('\n')).toContainEqual(expect.stringMatching(row));
      expect(description.memo).toEqual({ [kind]: id });
      expect(description.priority?.priorityKey).toBe(5);
      const values = Object.fromEntries(description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
      expect(values).toMatchObject({ RiskflowBatch: id, ...attributes, ...(verdict === null ? {} : { RiskflowVerdict: verdict }) });
      if (verdict === null) expect(values).not.toHaveProperty('RiskflowVerdict');
      else {
        const query = `RiskflowVerdict = "${verdict}" and RiskflowBatch = "${id}"`;
        const found = async () => (await Array.fromAsync(temporalClient.workflow.list({ query }))).map(({ workflowId }) => workflowId);
        await expect.poll(found, { timeout: 20_000 }).toEqual([batch]);
      }

      const history = (workflowId: string) => temporalClient.workflow.getHandle(workflowId).fetchHistory();
      expect(summariesOf((await history(batch)).events)).toEqual([`takes ${kind}/${id}`, closing]);
      expect(summariesOf((await history(shard)).events)).toEqual(activities);
      expect(await (await temporalClient.workflow.getHandle(shard).describe()).staticSummary()).toMatch(/^shard 1 of 1: /);
      expect(JSON.stringify([told, values, await shown(batch), await shown(shard)])).not.toContain('canary');
    });
  });
});

/** What the activities of a history are called. */
const summariesOf = (events: History['events']): readonly unknown[] =>
  (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) =>
    scheduled === null || scheduled === undefined ? [] : [JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString()) as unknown],
  );
