import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmFlow } from '../llm-flow.ts';
import { startRiskflow, type Finished } from '../riskflow-process.ts';
import { stackServers } from './own-database.ts';
import { openWorkerRig, type WorkerRig } from './worker-rig.ts';

const { temporal, missing, reason } = stackServers();

/** Loading the program and bundling the workflow code take seconds where others use the machine too; hanging takes for ever. */
const PATIENCE_MS = 45_000;
const NAMESPACE = `riskflow-none-${randomUUID()}`;

describe.skipIf(missing)(`commands that cannot begin on Temporal${reason}`, { timeout: 60_000 }, () => {
  let rig: WorkerRig;
  let flow: string;
  beforeAll(async () => {
    rig = await openWorkerRig();
    flow = join(rig.folder, 'flow.yml');
    writeFileSync(flow, llmFlow('Spam or ham?'));
    writeFileSync(join(rig.folder, 'rows.ndjson'), '{"text":"hello"}\n');
    const samples = join(rig.folder, 'few.csv');
    writeFileSync(samples, 'id,text,label\n1,buy now,spam\n2,see you,ham\n');
    const imported = await rig.cli(['sample', 'import', 'few', samples]);
    if (imported.code !== 0) throw new Error(imported.stderr);
  }, 60_000);
  afterAll(() => rig.close());

  const ended = async (args: readonly string[], extra: Readonly<Record<string, string>>): Promise<Finished> => {
    const { child, finished } = startRiskflow(args, rig.environment({ OPENAI_API_KEY: 'none', ...extra }));
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    return finished.finally(() => clearTimeout(timer));
  };

  it('a worker ends when no server answers', async () => {
    const { code, stderr } = await ended(['worker', '--no-http'], { RISKFLOW_TEMPORAL_ADDRESS: '127.0.0.1:2' });
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('no Temporal server answers at 127.0.0.1:2');
  });

  it.each([
    ['worker', () => ['worker', '--no-http']],
    ['worker --builds', () => ['worker', '--builds']],
    ['run', () => ['run', flow, '--on', 'temporal', '--inputs', '{"text":"hello"}']],
    ['run --batch', () => ['run', flow, '--on', 'temporal', '--batch', join(rig.folder, 'rows.ndjson')]],
    ['eval run', () => ['eval', 'run', '--on', 'temporal', '--a', flow, '--b', flow, '--samples', 'few']],
    ['schedule create', () => ['schedule', 'create', 'hourly', '--every', '1h', '--flow', flow]],
  ])('a namespace that is not there is told by %s, with what to do', async (_, args) => {
    const { code, stderr } = await ended(args(), { RISKFLOW_TEMPORAL_NAMESPACE: NAMESPACE });
    expect(code, stderr).toBe(1);
    expect(stderr).toContain(`the namespace ${NAMESPACE} is not there, or not for us, on the Temporal server at ${temporal}`);
    expect(stderr).toContain(`temporal operator namespace create --namespace ${NAMESPACE}`);
    expect(stderr).not.toMatch(/unexpected|Status \{/);
  });
});
