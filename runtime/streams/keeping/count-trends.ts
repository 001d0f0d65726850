import type { Context } from '../../context.ts';
import { holdLease, type HeldLease } from '../../leases.ts';
import { followTrends, type TrendFollower } from '../../trends/follow-trends.ts';
import { runForAlerts } from './alert-runs.ts';
import { sourceStream } from '../source-state.ts';
import type { SourceWatch } from '../source-watch.ts';

/** Counts a source's records into its panes, as the only process that does, and lets a flow look at each alert. */
export type TrendCounter = {
  /**
   * Counts what came. Flows that look at alerts go on afterwards. @returns why an alert cannot be looked at, which is tried again
   * @throws RiskflowError when the lease was lost, or storage failed: open another counter then
   */
  turn(signal: AbortSignal): Promise<string | null>;
  /** Counts what came, and waits for the flows. @returns and throws as `turn`, and the reason of the signal when aborted */
  turnToTheEnd(signal: AbortSignal): Promise<string | null>;
  close(): Promise<void>;
};

/** @throws LeaseHeld while another process counts */
export async function openTrendCounter(context: Context, watch: SourceWatch): Promise<TrendCounter> {
  const { sourceId } = watch.view().state;
  const lease: HeldLease = await holdLease(context, `${sourceStream(sourceId)}/trends`);
  const { fence } = lease;
  const follower: TrendFollower = followTrends(context, sourceId);
  const runs = runForAlerts(context, { sourceId, fence });
  let isFirst = true;
  /** @returns how many alerts were seen to */
  const turn = async (signal: AbortSignal): Promise<number> => {
    lease.signal.throwIfAborted();
    const { trends } = watch.view().state.settings;
    if (trends === undefined) return 0;
    const flow = trends.onAlert;
    if (flow !== undefined) await runs.begin();
    const { alerts } = await follower.advance({ settings: trends, fence, signal });
    if (flow !== undefined) return runs.look({ flow, signal: AbortSignal.any([signal, lease.signal]) });
    if (isFirst || alerts.length > 0) await runs.passBy();
    isFirst = false;
    return 0;
  };
  return {
    turn: async (signal) => {
      await turn(signal);
      return runs.trouble();
    },
    turnToTheEnd: async (signal) => {
      while ((await turn(signal)) > 0) {
        await runs.settled();
        signal.throwIfAborted();
      }
      return runs.trouble();
    },
    close: async () => {
      try {
        await runs.settled();
      } finally {
        await lease.release();
      }
    },
  };
}
