import type { Connection } from '@temporalio/client';
import type { TemporalPlace } from '../../temporal/address.ts';
import { isNotFound } from '../../temporal/namespace.ts';
import { openAnyNamespace } from '../../temporal/open-client.ts';
import { knownAttributes, SEARCH_ATTRIBUTES } from '../../temporal/search-attributes.ts';
import type { TemporalFacts } from './judge.ts';

/** `TASK_QUEUE_TYPE_WORKFLOW` and `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const QUEUES = { workflow: 1, activity: 2 } as const;

/** Asks a server about itself, a namespace and a queue. Nothing is changed. @throws whatever the client has to say */
export async function gatherTemporal(place: TemporalPlace, timeoutMs: number): Promise<TemporalFacts> {
  const client = await openAnyNamespace(place);
  const { connection } = client;
  try {
    // A call without an answer would keep the process from ending.
    return await connection.withDeadline(Date.now() + timeoutMs, () => factsOver(connection, place));
  } finally {
    await client.close();
  }
}

async function factsOver(connection: Connection, { namespace, taskQueue }: TemporalPlace): Promise<TemporalFacts> {
  const { workflowService } = connection;
  const system = await workflowService.getSystemInfo({});
  const found = await describeNamespace(connection, namespace);
  const pollersOf = async (taskQueueType: number): Promise<readonly number[]> => {
    if (found === undefined) return [];
    const { pollers } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType });
    return pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 + (lastAccessTime?.nanos ?? 0) / 1e6);
  };
  const known = found === undefined ? new Set<string>() : await knownAttributes(connection, namespace);
  const [workflow, activity] = await Promise.all([pollersOf(QUEUES.workflow), pollersOf(QUEUES.activity)]);
  return {
    version: system.serverVersion,
    schedules: system.capabilities?.supportsSchedules === true,
    namespace: found,
    missingAttributes: Object.values(SEARCH_ATTRIBUTES).filter((name) => !known.has(name)),
    pollers: { workflow, activity },
    askedAt: Date.now(),
  };
}

async function describeNamespace(connection: Connection, namespace: string): Promise<TemporalFacts['namespace']> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    return { retentionSeconds: Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
