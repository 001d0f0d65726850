import type { Context } from '../context.ts';
import { holdLease, type HeldLease } from '../leases.ts';
import { followTrends, type TrendFollower } from '../trends/follow-trends.ts';
import { runForAlerts } from './alert-runs.ts';
import { sourceStream } from './source-state.ts';
import type { SourceWatch } from './source-watch.ts';

/** Counts a source's records into its panes, as the only process that does, and lets a flow look at each alert. */
export type TrendCounter = {
  /** Counts what came. `onTrouble` is told why an alert could not be looked at. @throws RiskflowError when the lease was lost, or storage failed: open another counter then */
  turn(signal: AbortSignal, onTrouble: (sentence: string) => void): Promise<void>;
  close(): Promise<void>;
};

/** @throws LeaseHeld while another process counts */
export async function openTrendCounter(context: Context, watch: SourceWatch): Promise<TrendCounter> {
  const { sourceId } = watch.view().state;
  const lease: HeldLease = await holdLease(context, `${sourceStream(sourceId)}/trends`);
  const follower: TrendFollower = followTrends(context, sourceId);
  const runs = runForAlerts(context, sourceId);
  return {
    turn: async (signal, onTrouble) => {
      lease.signal.throwIfAborted();
      const { trends } = watch.view().state.settings;
      if (trends === undefined) return;
      await follower.advance({ settings: trends, fence: lease.fence, signal });
      if (trends.onAlert !== undefined) {
        await runs.look({ flow: trends.onAlert, onTrouble, signal: AbortSignal.any([signal, lease.signal]) });
      }
    },
    close: async () => {
      await runs.settled();
      await lease.release();
    },
  };
}
