import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMockModel, type MockModel } from '../../bench/mock-model.ts';
import { forgetPayloads, payloadBlobs } from '../../runtime/temporal/payload-blobs.ts';
import { knownTo } from '../../runtime/temporal/payload-cleanup.ts';
import { workflowIdOf } from '../../runtime/temporal/run-labels.ts';
import { llmFlow } from '../llm-flow.ts';
import { stackServers } from './own-database.ts';
import { askFor, drain, openWorkerRig, publish, type WorkerRig } from './worker-rig.ts';

const { temporal, missing, reason } = stackServers();
const OLD = `2025:${randomBytes(32).toString('base64')}`;
const NEW = `2026:${randomBytes(32).toString('base64')}`;
const CANARY = 'canary-4f1d';
const MIB = 1024 * 1024;

type Ran = { readonly runId: string; readonly status: string; readonly outputs: { readonly label: string } };

/** Text that does not compress to less than three quarters. */
const noise = (bytes: number): string => {
  let all = '';
  for (let i = 0; all.length < bytes; i++) all += createHash('sha512').update(`${i}`).digest('base64');
  return all.slice(0, bytes);
};

describe.skipIf(missing)(`what Temporal keeps of runs${reason}`, { timeout: 120_000 }, () => {
  let rig: WorkerRig;
  let mock: MockModel;
  let raw: Connection;
  beforeAll(async () => {
    raw = await Connection.connect({ address: temporal });
  });
  afterAll(() => raw.close());
  beforeEach(async () => {
    rig = await openWorkerRig();
  });
  afterEach(async () => {
    await rig.close();
    await mock.close();
  });
  const withModel = async (label: string): Promise<Readonly<Record<string, string>>> => {
    mock = await startMockModel({ delayMs: 1, labels: [label] });
    return { OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1`, OPENAI_API_KEY: 'none' };
  };
  const flowFile = (text: string): string => {
    const file = join(rig.folder, 'flow.yml');
    writeFileSync(file, text);
    return file;
  };

  /** Bytes of a history as they lie on the server, and how large its largest value is. */
  const rawHistory = async (workflowId: string): Promise<{ readonly bytes: string; readonly largest: number }> => {
    const handle = new Client({ connection: raw }).workflow.getHandle(workflowId);
    const parts: Buffer[] = [];
    const collect = (value: unknown): void => {
      if (value instanceof Uint8Array) parts.push(Buffer.from(value));
      else if (typeof value === 'string') parts.push(Buffer.from(value));
      else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
    };
    collect(await handle.fetchHistory());
    collect(await raw.workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } }));
    return { bytes: Buffer.concat(parts).toString('latin1'), largest: Math.max(...parts.map(({ length }) => length)) };
  };

  it.each([
    ['without a key can be read', {}, true],
    ['with a key cannot be read', { RISKFLOW_TEMPORAL_KEYS: NEW }, false],
  ])('of inputs and results %s', async (_, keys, readable) => {
    const extra = { ...keys, ...(await withModel(`${CANARY}-result`)) };
    const worker = await rig.worker(extra);
    const context = await rig.app(extra);
    const client = await rig.client(context);
    const flowVersion = await publish(context, flowFile(llmFlow(`Prompt ${CANARY}?`)));
    const args = await askFor(context, { flowVersion, text: `${CANARY}-input` });
    await client.start(args);
    expect(await client.result(args)).toMatchObject({ data: { status: 'succeeded', outputs: { label: `${CANARY}-result` } } });
    const { bytes } = await rawHistory(workflowIdOf(args));
    expect(bytes.length).toBeGreaterThan(1_000);
    expect(bytes.includes(CANARY)).toBe(readable);
    expect((await drain(worker)).code).toBe(0);
  });

  it('is read with the old key after a rotation, and written with the new one', async () => {
    const model = await withModel('spam');
    const before = await rig.app({ ...model, RISKFLOW_TEMPORAL_KEYS: OLD });
    const flowVersion = await publish(before, flowFile(llmFlow('Spam?')));
    const args = await askFor(before, { flowVersion, text: 'x' });
    await (await rig.client(before)).start(args);
    const rotated = { ...model, RISKFLOW_TEMPORAL_KEYS: `${NEW},${OLD}` };
    await rig.worker(rotated);
    const client = await rig.client(await rig.app(rotated));
    expect(await client.result(args)).toMatchObject({ data: { status: 'succeeded' } });
    const { bytes } = await rawHistory(workflowIdOf(args));
    expect([bytes.includes('2025'), bytes.includes('2026')]).toEqual([true, true]);
    const without = await rig.client(await rig.app(model));
    await expect(without.result(args)).rejects.toThrow('encrypted with the key "2026", which is not among those of RISKFLOW_TEMPORAL_KEYS');
  });

  it.each([
    ['a plan of 3 MiB', `${noise(3 * MIB)} Spam?`, 'spam', {}],
    ['a plan of 3 MiB, encrypted', `${noise(3 * MIB)} Spam?`, 'spam', { RISKFLOW_TEMPORAL_KEYS: NEW }],
    ['a result of 3 MiB', 'Spam?', noise(3 * MIB), {}],
  ])('of %s is a reference', async (_, prompt, label, keys) => {
    const extra = { ...keys, ...(await withModel(label)) };
    await rig.worker(extra);
    const finished = await rig.cli(['run', flowFile(llmFlow(prompt)), '--inputs', '{"text": "x"}', '--on', 'temporal', '--json'], extra);
    expect(finished.code, finished.stderr).toBe(0);
    const { runId, status, outputs } = JSON.parse(finished.stdout) as Ran;
    expect(status).toBe('succeeded');
    expect(createHash('sha256').update(outputs.label).digest('hex')).toBe(createHash('sha256').update(label).digest('hex'));
    const { largest } = await rawHistory(workflowIdOf({ workspaceId: 'default', runId }));
    expect(largest).toBeLessThan(129 * 1024);
  });

  it('of a large payload is kept in storage until Temporal has forgotten its workflow', async () => {
    const extra = await withModel(noise(MIB));
    await rig.worker(extra);
    const context = await rig.app(extra);
    const client = await rig.client(context);
    const args = await askFor(context, { flowVersion: await publish(context, flowFile(llmFlow('Spam?'))), text: 'x' });
    await client.start(args);
    await client.result(args);
    const { storage, workspaceId } = context;
    const referrers = () => storage.blobs.referrers(workspaceId, 'temporal/', { limit: 10 });
    const workflowId = workflowIdOf(args);
    expect((await referrers()).map((referrer) => referrer.replace(/\d{4}(-\d\d){2}/, 'DAY'))).toEqual([`temporal/DAY/${workflowId}`]);
    // As it will be in two days.
    const forget = () =>
      forgetPayloads(storage.blobs, {
        workspaceId,
        now: Date.now() + 2 * 24 * 3_600_000,
        isKnown: knownTo(raw, 'default'),
        signal: new AbortController().signal,
      });
    // Of a workflow that the server does not have any more, or never had.
    const gone = await payloadBlobs(storage, workspaceId).write(randomBytes(MIB), 'default/run/gone');
    expect(await forget()).toBe(1);
    expect(await storage.blobs.read(workspaceId, gone)).toBeUndefined();
    expect(await referrers()).toEqual([expect.stringContaining(workflowId)]);
    expect(await client.result(args)).toMatchObject({ data: { status: 'succeeded' } });
  });
});
