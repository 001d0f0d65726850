import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError, type WorkflowService } from '@temporalio/client';
import { messageOf, RiskflowError } from '../../schemas/index.ts';
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

/** A claim of the workspace, on whose value all agree: the one namespace that it is used with. */
const SCOPE = 'temporal';
const [NAMESPACE, SEVERAL] = ['namespace', 'several-namespaces'];

/**
 * Whether this namespace is the only one that the workspace was ever used with, by its id, which no other namespace has on any server. Of
 * the workflows of another one nobody here can tell whether they are over. Notes what it sees.
 */
export async function isOnlyNamespace({ storage, workspaceId }: Pick<Context, 'storage' | 'workspaceId'>, id: string): Promise<boolean> {
  const { events } = storage;
  const claim = (key: string, value: string) =>
    events.write({ workspaceId, actor: 'temporal', appends: [], claims: [{ scope: SCOPE, key, value }] });
  await claim(NAMESPACE, id);
  if ((await events.readClaim(workspaceId, SCOPE, NAMESPACE)) !== id) await claim(SEVERAL, id);
  return (await events.readClaim(workspaceId, SCOPE, SEVERAL)) === undefined;
}

async function namespaceId({ workflowService }: Cleanup['connection'], namespace: string): Promise<string> {
  const { namespaceInfo } = await workflowService.describeNamespace({ namespace });
  const id = namespaceInfo?.id ?? '';
  if (id === '') throw new RiskflowError('failed', `Temporal does not say which namespace "${namespace}" is`);
  return id;
}

type Cleanup = {
  readonly context: Pick<Context, 'storage' | 'workspaceId' | 'now'>;
  readonly connection: { readonly workflowService: WorkflowService };
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly onNotice: ((sentence: string) => void) | undefined;
};

/**
 * Every six hours, the first time after a part of them, since workers start together: removes payloads of workflows that the server has
 * forgotten, unless the workspace was used with several namespaces. Several workers may do it at once. Trouble is told, and it is tried again the next time. Resolves when `signal` is aborted.
 */
export async function forgetPayloadsNowAndThen({ context, connection, namespace, signal, onNotice }: Cleanup): Promise<void> {
  const { storage, workspaceId, now } = context;
  const isKnown = knownTo(connection, namespace);
  const ours = async (): Promise<boolean> => isOnlyNamespace(context, await namespaceId(connection, namespace));
  // As soon as it works here: others are to know it before they remove anything.
  await ours().catch(() => undefined);
  for (let wait = Math.random() * EVERY_MS; ; wait = EVERY_MS) {
    await delay(wait, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      if (await ours()) await forgetPayloads(storage.blobs, { workspaceId, now: now(), isKnown, signal });
    } catch (error) {
      onNotice?.(`payloads that Temporal has forgotten could not be removed now: ${messageOf(error)}`);
    }
  }
}
