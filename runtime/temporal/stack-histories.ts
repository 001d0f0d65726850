import { mkdir, writeFile } from 'node:fs/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { payloadCodec } from './codec.ts';

/**
 * `RISKFLOW_RECORD_HISTORIES=1 npm run test:stack -- runtime/temporal` writes the histories of the workflows of these tests over the
 * golden ones, for workflows/replay.test.ts.
 */
const record = process.env['RISKFLOW_RECORD_HISTORIES'] === '1';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** What a test asks of Temporal itself, beside our client; under a name that tells nothing of this machine. */
export async function withTemporal<T>(use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'] ?? '' });
  try {
    return await use(new Client({ connection, identity: 'riskflow-test' }));
  } finally {
    await connection.close();
  }
}

/** The histories of all executions of a workflow, the first one first. */
export const historiesOf = (workflowId: string): Promise<readonly History[]> =>
  withTemporal(async ({ workflow }) => {
    let runId = startOf(await workflow.getHandle(workflowId).fetchHistory())?.firstExecutionRunId;
    const histories: History[] = [];
    while (typeof runId === 'string' && runId !== '') {
      const history = await workflow.getHandle(workflowId, runId).fetchHistory();
      histories.push(history);
      runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    }
    return histories;
  });

export const startOf = (history: History) => history.events?.[0]?.workflowExecutionStartedEventAttributes;

/** Writes the histories of a workflow, when they are to be recorded. `name`: folder and file, e.g. `v1/cascade`. */
export async function saveHistory(name: string, workflowId: string): Promise<void> {
  if (!record) return;
  const histories = await historiesOf(workflowId);
  for (const [i, history] of histories.entries()) {
    const target = new URL(`../../workflows/histories/${name}${histories.length === 1 ? '' : `-${i + 1}`}.json`, import.meta.url);
    await mkdir(new URL('./', target), { recursive: true });
    await writeFile(target, `${JSON.stringify(plainHistory(await readable(history)), null, 1)}\n`);
  }
}

const codec = payloadCodec({ keys: [], blobs: undefined });
const isPayload = (value: object): value is Payload => 'metadata' in value && 'data' in value && value.data instanceof Uint8Array;

/** Payloads as they were before the codec, and no stack traces, which name this machine. */
async function readable(value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || 'toNumber' in value) return value;
  if (isPayload(value)) return (await codec.decode([value]))[0];
  if (Array.isArray(value)) return Promise.all(value.map(readable));
  const entries = Object.entries(value).filter(([key]) => key !== 'stackTrace');
  return Object.fromEntries(await Promise.all(entries.map(async ([key, item]) => [key, await readable(item)] as const)));
}

/**
 * A history as JSON from which it can be replayed as it stands: 64-bit integers as numbers, bytes as base64, enums as their numbers.
 * (The SDK's own conversion needs one protobufjs for all its packages, which npm's tree does not give.)
 */
function plainHistory(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if ('toNumber' in value && typeof value.toNumber === 'function') return Number(value);
  if (Array.isArray(value)) return value.map(plainHistory);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainHistory(item)]));
}
