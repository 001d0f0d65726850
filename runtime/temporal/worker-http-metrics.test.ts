import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Effect, EffectExecutor, EffectResult } from '../../schemas/index.ts';
import { openApp, readSettings, type App } from '../index.ts';
import { createWorkerMetrics } from './worker-http-metrics.ts';
import type { WorkerStatus } from './worker.ts';

const status: WorkerStatus = { state: 'running', workflowTasks: 1, effects: 2, storageCalls: 3, cachedWorkflows: 4 };
const usage = { inputTokens: 11, outputTokens: 4, cost: 0.5, calls: 1 };
const done: EffectResult = { status: 'succeeded', outputs: {}, usage, elapsedMs: 1, reused: false };

const llm = (title: string): Effect => ({
  effectId: 'canary-id',
  runId: 'canary-run',
  flowVersion: 'v1',
  nodeId: 'n',
  nodeType: 'llm',
  title,
  attempt: 1,
  delayMs: 0,
  secrets: [],
  contentKey: null,
  request: {
    kind: 'llm',
    model: { provider: 'openai', name: 'gpt', mode: 'chat', params: {} },
    messages: [{ role: 'user', content: 'canary-text' }],
    schema: null,
    text: 'canary-text',
  },
});

describe('the figures of a worker', () => {
  let folder: string;
  let app: App;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'riskflow-metrics-'));
    app = await openApp(readSettings({ RISKFLOW_DATA: folder }, folder), { actor: 'tester' });
  });
  afterEach(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });
  const performing = (metrics: ReturnType<typeof createWorkerMetrics>, perform: EffectExecutor): EffectExecutor => {
    const context = metrics.counting({ ...app.context, effects: () => perform });
    return context.effects(context.models());
  };
  const options = { signal: new AbortController().signal };

  it('are effects by kind and status, tokens and cost by model, slots, and the build', async () => {
    const metrics = createWorkerMetrics({ buildId: 'b1' });
    const perform = performing(metrics, () => Promise.resolve(done));
    await perform(llm('Ask'), options);
    await performing(metrics, () => Promise.resolve({ ...done, reused: true }))(llm('Ask'), options);
    await expect(performing(metrics, () => Promise.reject(new Error('aborted')))(llm('Ask'), options)).rejects.toThrow('aborted');
    const text = await metrics.text(status);
    for (const line of [
      'riskflow_effects_total{kind="llm",status="succeeded"} 2',
      'riskflow_effects_total{kind="llm",status="aborted"} 1',
      'riskflow_node_duration_seconds_count{type="llm"} 2',
      'riskflow_llm_tokens_total{model="openai/gpt",direction="input"} 11',
      'riskflow_llm_tokens_total{model="openai/gpt",direction="output"} 4',
      'riskflow_llm_cost_usd_total{model="openai/gpt"} 0.5',
      'riskflow_worker_slots_used{kind="workflow"} 1',
      'riskflow_worker_slots_used{kind="effect"} 2',
      'riskflow_worker_slots_used{kind="storage"} 3',
      'riskflow_worker_cached_runs 4',
      'riskflow_worker_draining 0',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toMatch(/^riskflow_worker_info\{version="[\d.]+",build_id="b1"\} 1$/m);
    expect(text).not.toContain('canary');
    expect(await metrics.text({ ...status, state: 'draining' })).toContain('riskflow_worker_draining 1');
  });

  it('are runs that ended, not those that go on', async () => {
    const metrics = createWorkerMetrics({ buildId: undefined });
    const { storage, workspaceId } = metrics.counting(app.context);
    const write = (runId: string, ended: 'running' | 'failed' | 'succeeded') =>
      storage.events.write({
        workspaceId,
        actor: 'tester',
        appends: [],
        runStatus: [{ runId, flow: 'triage', flowVersion: 'v', mode: 'manual', status: ended, resource: `run/${runId}` }],
      });
    await write('a', 'running');
    await write('a', 'succeeded');
    await write('b', 'failed');
    const text = await metrics.text(status);
    expect(text).toContain('riskflow_flow_runs_total{flow="triage",status="succeeded"} 1');
    expect(text).toContain('riskflow_flow_runs_total{flow="triage",status="failed"} 1');
    expect(text).not.toContain('status="running"');
  });

  it('name the nodes that are being performed', async () => {
    const metrics = createWorkerMetrics({ buildId: undefined });
    const answer = Promise.withResolvers<EffectResult>();
    const perform = performing(metrics, () => answer.promise);
    const both = [perform(llm('Ask'), options), perform(llm('Judge'), options)];
    expect(metrics.underWay()).toEqual(['Ask', 'Judge']);
    answer.resolve(done);
    await Promise.all(both);
    expect(metrics.underWay()).toEqual([]);
  });
});
