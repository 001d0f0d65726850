import { superviseBatch, type BatchArgs, type BatchResult } from './batch-supervise.ts';

/** Runs an evaluation to its verdict: its id is that of the evaluation, and whoever began it may go. */
export async function runEvaluation(args: BatchArgs): Promise<BatchResult> {
  return superviseBatch(args);
}
