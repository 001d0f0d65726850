import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Context } from '../context.ts';
import { openAppClient } from './open-client.ts';
import { neededTemporal } from './place.ts';
import { cutText, escapeMarkdown, SUMMARY_BYTES } from './run-labels.ts';
import { attributePairs, knownAttributes } from './search-attributes.ts';

export type SourceClient = {
  /** Sees to it that workers decide the records of a source; does nothing where they do. */
  readonly keepDeciding: (sourceId: string) => Promise<void>;
  close(): Promise<void>;
};

/** With the task queue: sources are named by people, and several installations may share a namespace. */
const sourceWorkflowId = (taskQueue: string, workspaceId: string, sourceId: string): string =>
  `${taskQueue}/${workspaceId}/source/${sourceId}`;

/** @throws RiskflowError `usage` when no server is set, `failed` when none answers */
export async function connectSourceClient(context: Pick<Context, 'settings' | 'storage' | 'workspaceId'>): Promise<SourceClient> {
  const { namespace, taskQueue } = neededTemporal(context.settings.temporal);
  const { client, connection, close } = await openAppClient(context);
  const known = await knownAttributes(connection, namespace);
  return {
    keepDeciding: async (sourceId) => {
      const { workspaceId } = context;
      await client.workflow
        .start('decideSource', {
          workflowId: sourceWorkflowId(taskQueue, workspaceId, sourceId),
          taskQueue,
          args: [{ workspaceId, sourceId }],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          typedSearchAttributes: attributePairs({ source: sourceId }, known),
          staticSummary: cutText(escapeMarkdown(`decides the records of source ${sourceId}`), SUMMARY_BYTES),
          memo: { source: sourceId },
        })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        });
    },
    close,
  };
}
