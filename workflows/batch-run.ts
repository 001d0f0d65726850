import { superviseBatch, type BatchArgs, type BatchResult } from './batch-supervise.ts';

/** Runs a flow once for each row of a file. */
export async function runBatch(args: BatchArgs): Promise<BatchResult> {
  return superviseBatch(args);
}
