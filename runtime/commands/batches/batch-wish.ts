import { messageOf, RiskflowError, type BatchWish } from '../../../schemas/index.ts';
import type { BatchName } from '../../../workflows/index.ts';
import type { Context } from '../../context.ts';
import { holdLease, LeaseHeld } from '../../leases.ts';
import type { BatchClient } from '../../temporal/batch-client.ts';
import { noteWish, readWish } from './batch-control.ts';
import { batchStream, readBatch } from './batch-file-work.ts';
import { isOnTemporal } from './batch-list.ts';

export type WishOptions = {
  readonly wish: Exclude<BatchWish, 'resume'>;
  /** Why, for those who look at it later. Default: who asked. */
  readonly reason?: string;
  /** Sentences about what does not keep it from being noted. */
  readonly onWarning?: (sentence: string) => void;
};

/** `holds`: somebody wished the same before. */
export type WishAnswer = { readonly id: string; readonly status: 'requested' | 'already-over' | 'holds' };

/**
 * Asks whoever works on a batch to leave it as it is, or to end it for good.
 * @throws RiskflowError `not_found`; `failed` when it was cancelled before, and is to be paused
 */
export async function wishForBatch(
  context: Context,
  batchId: string,
  { wish, reason = `asked for by ${context.actor}`, onWarning }: WishOptions,
): Promise<WishAnswer> {
  const { started, finished } = await readBatch(context, batchId);
  if (finished !== null) return { id: batchId, status: 'already-over' };
  const noted = await noteWish(context, batchStream(batchId), { wish, reason });
  if (noted === 'cancelled') throw await cancelledError(context, batchId);
  if (await isOnTemporal(context, started)) {
    await tellWorkflow(context, { name: { workspaceId: context.workspaceId, kind: 'batch', id: batchId }, wish, onWarning });
  }
  return { id: batchId, status: noted === 'holds' ? 'holds' : 'requested' };
}

type Telling = {
  readonly name: BatchName;
  readonly wish: WishOptions['wish'];
  readonly onWarning: WishOptions['onWarning'];
};

/**
 * Makes the workflow of a batch show at once what is wished of it: those who work on it have seen it in storage, or will. One that is
 * cancelled before a worker began it is ended here.
 */
export async function tellWorkflow(context: Context, { name, wish, onWarning }: Telling): Promise<void> {
  if (context.settings.temporal === undefined) return;
  try {
    // Loaded when it is needed: it takes longer than all the rest of the program.
    const { connectBatchClient } = await import('../../temporal/batch-client.ts');
    const client = await connectBatchClient(context);
    try {
      if ((await client.tell(name, wish)) && wish === 'cancel') await dropUnbegun(context, client, name);
    } finally {
      await client.close();
    }
  } catch (error) {
    onWarning?.(`the workflow of ${name.kind} ${name.id} could not be told, and will see it by itself: ${messageOf(error)}`);
  }
}

/** Whoever begins a batch takes its lease first: while this process has it, none begins. */
async function dropUnbegun(context: Context, client: BatchClient, name: BatchName): Promise<void> {
  const attendance = await client.attendance(name);
  if (attendance === undefined || attendance.taken) return;
  try {
    const lease = await holdLease(context, `${name.kind}/${name.id}`);
    try {
      // The first holder ever has fence 1.
      if (lease.fence.fence === 1) await client.drop(name, 'cancelled before a worker began it');
    } finally {
      await lease.release();
    }
  } catch (error) {
    if (!(error instanceof LeaseHeld)) throw error;
  }
}

export async function cancelledError(context: Context, batchId: string): Promise<RiskflowError> {
  const reason = (await readWish(context, batchStream(batchId)))?.reason ?? 'its workflow was stopped';
  return new RiskflowError('failed', `batch ${batchId} was cancelled: ${reason}`, {
    hint: `see what it has with: riskflow batch show ${batchId}`,
  });
}

export const pausedError = (kind: 'batch' | 'evaluation', id: string, reason: string): RiskflowError =>
  new RiskflowError('failed', `${kind} ${id} was paused: ${reason}`, {
    hint: `go on with: riskflow ${kind === 'batch' ? 'batch' : 'eval'} resume ${id}`,
  });
