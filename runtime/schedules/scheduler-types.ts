import type { OccurrenceEnd, ScheduleRow } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import type { LeaseDeps } from '../leases.ts';

export type SchedulerClock = {
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or at once when aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type OccurrenceWork = { readonly row: ScheduleRow; readonly occurrenceId: string; readonly scheduledFor: number };
export type OccurrenceOutcome = { readonly status: OccurrenceEnd; readonly detail: string | null };

/**
 * Does the work of an occurrence, to its end. Asked again for the same occurrence it goes on with what was begun, or only tells how it ended.
 * @throws what aborted it; RiskflowError `busy` while somebody else is at it; anything else is how the occurrence failed
 */
export type PerformOccurrence = (work: OccurrenceWork, signal: AbortSignal) => Promise<OccurrenceOutcome>;

type Named = { readonly schedule: string; readonly scheduledFor: number };

/** What a scheduler tells about. */
export type SchedulerNews =
  | { readonly kind: 'keeping' }
  /** Another process keeps the schedules; this one takes over when it ends. */
  | { readonly kind: 'standby'; readonly why: string }
  | (Named & { readonly kind: 'begun'; readonly workId: string; readonly resumed: boolean })
  | (Named & OccurrenceOutcome & { readonly kind: 'ended'; readonly workId: string })
  | (Named & { readonly kind: 'skipped'; readonly reason: string })
  | (Named & { readonly kind: 'buffered' })
  | { readonly kind: 'missed'; readonly schedule: string; readonly count: number; readonly first: number; readonly last: number }
  | { readonly kind: 'trouble'; readonly message: string };

export type SchedulerDeps = LeaseDeps &
  Pick<Context, 'storage' | 'actor'> & {
    readonly clock: SchedulerClock;
    readonly perform: PerformOccurrence;
    readonly onNews: (news: SchedulerNews) => void;
  };
