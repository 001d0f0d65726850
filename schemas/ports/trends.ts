import type { Position, WorkspaceId } from '../event-envelope.ts';
import type { TrendEvent } from '../trend-events.ts';
import type { Fence } from './event-store.ts';

/** The records of a source with one event minute, subject and category. */
export type TrendPane = {
  /** Minutes since 1970 UTC of its beginning. */
  readonly minute: number;
  readonly subject: string | null;
  readonly category: string | null;
  readonly count: number;
  /** Sketch of its distinct reporters, as `trends/` writes it. */
  readonly reporters: string;
};

/** How far the trends of a source are. */
export type TrendProgress = {
  /** Records up to this arrival are counted. */
  readonly arrival: number;
  /** Milliseconds since 1970 UTC; null before the first record. */
  readonly watermark: number | null;
  /** Watermarks of partitions and the state of alerts, as `trends/` writes it. */
  readonly state: string;
};

export type TrendChange = {
  readonly sourceId: string;
  readonly actor: string;
  /** What the stored progress must have reached: 0 when there is none. */
  readonly from: number;
  /** Whole panes, which replace those there. */
  readonly panes: readonly TrendPane[];
  readonly progress: TrendProgress;
  /** Appended to `trend/<sourceId>`. */
  readonly events: readonly TrendEvent[];
  readonly fence?: Fence;
};

export type TrendResult =
  | { readonly status: 'applied'; readonly positions: readonly Position[] }
  /** Somebody else has counted meanwhile, up to `arrival`; nothing was changed. */
  | { readonly status: 'moved'; readonly arrival: number }
  | { readonly status: 'stale-fence'; readonly resource: string };

/** Event-time panes of sources: derived from the inbox, kept with the place in it that they were counted to. */
export type TrendStore = {
  /** Panes, progress and events in one transaction. */
  apply(workspaceId: WorkspaceId, change: TrendChange): Promise<TrendResult>;
  /** Puts these panes in the place of all that there are, when the progress stored is at `from`. */
  replace(workspaceId: WorkspaceId, change: Omit<TrendChange, 'events' | 'actor'>): Promise<TrendResult>;
  /** Panes of a range of minutes (`to` is not in it), or of some minutes, by minute; those of a minute in an order that never changes. */
  panes(
    workspaceId: WorkspaceId,
    sourceId: string,
    of: { readonly from: number; readonly to: number } | { readonly minutes: readonly number[] },
  ): Promise<readonly TrendPane[]>;
  progress(workspaceId: WorkspaceId, sourceId: string): Promise<TrendProgress | undefined>;
};
