import { proxyActivities } from '@temporalio/workflow';
import type { HandWrittenActivities } from './hand-written-worker.ts';

const { one, two, three, four, five } = proxyActivities<HandWrittenActivities>({
  startToCloseTimeout: 60_000,
  retry: { initialInterval: 200, maximumInterval: 10_000 },
});

/** What somebody would write by hand for the flow of the bench: five activities, one after the other. */
export async function handWritten(runId: string, n: number): Promise<number> {
  const a = await one(runId, n);
  const b = await two(runId, a);
  const c = await three(runId, b);
  const d = await four(runId, c);
  return five(runId, d);
}
