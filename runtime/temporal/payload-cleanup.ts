import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError, type WorkflowService } from '@temporalio/client';
import { messageOf } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { forgetPayloads } from './payload-blobs.ts';

const EVERY_MS = 6 * 3_600_000;
const NOT_FOUND = 5;

/** Asks the server whether it has a workflow of an id, open or closed. */
export const knownTo =
  ({ workflowService }: { readonly workflowService: WorkflowService }, namespace: string) =>
  (workflowId: string): Promise<boolean> =>
    workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }).then(
      () => true,
      (error: unknown) => {
        if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return false;
        throw error;
      },
    );

type Cleanup = {
  readonly context: Pick<Context, 'storage' | 'workspaceId' | 'now'>;
  readonly connection: { readonly workflowService: WorkflowService };
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly onNotice: ((sentence: string) => void) | undefined;
};

/**
 * Every six hours, the first time after a part of them, since workers start together: removes payloads of workflows that the server has
 * forgotten. Several workers may do it at once. Trouble is told, and it is tried again the next time. Resolves when `signal` is aborted.
 */
export async function forgetPayloadsNowAndThen({ context, connection, namespace, signal, onNotice }: Cleanup): Promise<void> {
  const { storage, workspaceId, now } = context;
  const isKnown = knownTo(connection, namespace);
  for (let wait = Math.random() * EVERY_MS; ; wait = EVERY_MS) {
    await delay(wait, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await forgetPayloads(storage.blobs, { workspaceId, now: now(), isKnown, signal });
    } catch (error) {
      onNotice?.(`payloads that Temporal has forgotten could not be removed now: ${messageOf(error)}`);
    }
  }
}
