import { RiskflowError, type AlertRow, type Fence } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

/** Up to where in the ledger a flow has looked at all alerts of a source. */
export type AlertCursor = {
  /** Where there is none yet, it is put behind all alerts that were raised so far. */
  begin(): Promise<void>;
  /** Puts it behind all alerts, if there is one. */
  passBy(): Promise<void>;
  /** Moves it behind those that are over, as far as no other is before them. @returns the next ones, in order */
  next(isOver: (alertId: string) => boolean): Promise<readonly AlertRow[]>;
};

const AHEAD = 200;

/** `fence`: of the lease of whoever counts the source. What moves it throws `taken_over` once that is lost. */
export function openAlertCursor(
  { workspaceId, storage }: Context,
  { sourceId, fence }: { readonly sourceId: string; readonly fence: Fence },
): AlertCursor {
  // It stands among those of sinks, none of which can have this name.
  const place = { relay: `@alerts/${sourceId}`, part: 0, log: 'ledger' } as const;
  let at: number | undefined;
  const known = async (): Promise<number | undefined> => (at ??= await storage.relays.cursor(workspaceId, place));
  const move = async (n: number): Promise<void> => {
    if (n === at) return;
    const isOurs = await storage.relays.advance(workspaceId, { ...place, n, fence });
    if (!isOurs) throw new RiskflowError('taken_over', `somebody else counts the trends of "${sourceId}" now`);
    at = n;
  };
  const toHead = async (): Promise<void> => move(await storage.events.head(workspaceId, 'ledger'));
  return {
    begin: async () => {
      if ((await known()) === undefined) await toHead();
    },
    passBy: async () => {
      if ((await known()) !== undefined) await toHead();
    },
    next: async (isOver) => {
      await storage.projections.catchUp(workspaceId);
      const alerts = await storage.read.alerts(workspaceId, { sourceId, after: (await known()) ?? 0, limit: AHEAD });
      const first = alerts.findIndex(({ alertId }) => !isOver(alertId));
      const done = first < 0 ? alerts.length : first;
      const last = alerts[done - 1];
      if (last !== undefined) await move(last.n);
      return alerts.slice(done);
    },
  };
}
