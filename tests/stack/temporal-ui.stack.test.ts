import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startMockModel, type MockModel } from '../../bench/mock-model.ts';
import type { Context } from '../../runtime/index.ts';
import { workflowIdOf, type RunClient } from '../../runtime/temporal/client.ts';
import { registerSearchAttributes, SEARCH_ATTRIBUTES } from '../../runtime/temporal/search-attributes.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { llmFlow } from '../llm-flow.ts';
import { stackServers } from './own-database.ts';
import { askFor, openWorkerRig, publish, type WorkerRig } from './worker-rig.ts';

const { temporal, missing, reason } = stackServers();
const ATTRIBUTES = Object.values(SEARCH_ATTRIBUTES);

describe.skipIf(missing)(`what Temporal's UI shows of a run${reason}`, { timeout: 120_000 }, () => {
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
    const summaries = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) =>
      scheduled === null || scheduled === undefined
        ? []
        : [JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString()) as unknown],
    );
    expect(summaries).toEqual(['llm']);
    release.resolve();
    expect(await client.result(args)).toMatchObject({ data: { status: 'succeeded' } });
  });
});
