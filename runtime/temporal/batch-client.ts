import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import type { BatchWish } from '../../schemas/index.ts';
import { priorityOf } from '../../workflows/core.ts';
import type { BatchArgs, BatchName, BatchResult, BatchView, runBatch } from '../../workflows/index.ts';
import type { Context } from '../context.ts';
import { attendanceOf, type Attendance } from './attendance.ts';
import { outcomeOf } from './client.ts';
import { openAppClient } from './open-client.ts';
import { neededTemporal } from './place.ts';
import { cutText, DETAILS_BYTES, escapeMarkdown, SUMMARY_BYTES } from './run-labels.ts';
import { attributePairs, knownAttributes, SEARCH_ATTRIBUTES, type AttributeValues } from './search-attributes.ts';

/** What an operator reads about a batch in Temporal. No content of its runs. */
export type BatchLabels = {
  readonly title: string;
  /** Name and value. */
  readonly details: readonly (readonly [name: string, value: string])[];
  readonly attributes: AttributeValues;
};

export type BatchClient = {
  /** Starts the workflow of a batch, unless it is under way. */
  start(args: Omit<BatchArgs, 'verdictAttribute'>, labels: BatchLabels): Promise<void>;
  /** Tells the workflow what was noted in storage. @returns false when there is none under way */
  tell(name: BatchName, wish: BatchWish): Promise<boolean>;
  /** Waits for its end. @throws RiskflowError when it could not be brought to one */
  result(name: BatchName): Promise<BatchResult>;
  view(name: BatchName): Promise<BatchView>;
  /** Whether anybody works on it; undefined when there is none under way. */
  attendance(name: BatchName): Promise<Attendance | undefined>;
  /** Ends the workflow of a batch that is cancelled, and that no worker has begun. */
  drop(name: BatchName, reason: string): Promise<void>;
  readonly taskQueue: string;
  close(): Promise<void>;
};

const batchWorkflowId = ({ workspaceId, kind, id }: BatchName): string => `${workspaceId}/${kind}/${id}`;

/** @throws RiskflowError `usage` when no server is set, `failed` when none answers */
export async function connectBatchClient(context: Pick<Context, 'settings' | 'storage' | 'workspaceId'>): Promise<BatchClient> {
  const { namespace, taskQueue } = neededTemporal(context.settings.temporal);
  const { client, connection, close } = await openAppClient(context);
  const handleOf = (name: BatchName): WorkflowHandle<typeof runBatch> => client.workflow.getHandle<typeof runBatch>(batchWorkflowId(name));
  return {
    start: async (args, { title, details, attributes }) => {
      const known = await knownAttributes(connection, namespace);
      const verdictAttribute = known.has(SEARCH_ATTRIBUTES.verdict) ? { verdictAttribute: SEARCH_ATTRIBUTES.verdict } : {};
      const rows = details.map(([name, value]) => `| ${name} | ${escapeMarkdown(value)} |`);
      await client.workflow
        .start(args.kind === 'evaluation' ? 'runEvaluation' : 'runBatch', {
          workflowId: batchWorkflowId(args),
          taskQueue,
          args: [{ ...args, ...verdictAttribute }],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          priority: { priorityKey: priorityOf(args.kind) },
          typedSearchAttributes: attributePairs({ ...attributes, batch: args.id }, known),
          staticSummary: cutText(escapeMarkdown(title), SUMMARY_BYTES),
          staticDetails: cutText(['| | |', '|---|---|', ...rows].join('\n'), DETAILS_BYTES),
          memo: { [args.kind]: args.id },
        })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        });
    },
    tell: async (name, wish) => {
      try {
        await handleOf(name).signal(wish, true);
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    result: (name) => outcomeOf(`${name.kind} ${name.id}`, () => handleOf(name).result()),
    view: (name) => outcomeOf(`${name.kind} ${name.id}`, () => handleOf(name).query<BatchView>('state')),
    attendance: (name) => attendanceOf({ connection, namespace, taskQueue }, batchWorkflowId(name)),
    drop: async (name, reason) => {
      try {
        await handleOf(name).terminate(reason);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
    taskQueue,
    close,
  };
}
