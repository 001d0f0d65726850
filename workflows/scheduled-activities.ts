import type { OccurrenceEnd } from '../schemas/core.ts';
import type { RunFlowArgs } from './run-activities.ts';

/** What Temporal starts the work of a schedule with. The time comes with the workflow. */
export type ScheduledArgs = { readonly workspaceId: string; readonly schedule: string };

/** An occurrence: the same schedule and time are the same occurrence, however often it is begun. */
export type ScheduledMoment = ScheduledArgs & { /** Milliseconds since 1970 UTC. */ readonly scheduledFor: number };

export type ScheduledOutcome = { readonly status: OccurrenceEnd; readonly detail: string | null };

export type BegunOccurrence =
  | {
      readonly kind: 'run';
      readonly args: RunFlowArgs;
      readonly workflowId: string;
      readonly labels: {
        readonly staticSummary: string;
        readonly staticDetails: string;
        readonly memo: Readonly<Record<string, string>>;
        readonly searchAttributes: Readonly<Record<string, string>>;
      };
    }
  | { readonly kind: 'evaluation'; readonly evaluationId: string }
  /** It is over, was refused, or its schedule is gone. */
  | { readonly kind: 'nothing'; readonly reason: string };

/** What the workflow needs done outside. Each may be performed more than once for one call, and leaves things as one performance would. */
export type ScheduledActivities = {
  /** Notes that the time came, and loads what is to be done. */
  beginOccurrence(moment: ScheduledMoment): Promise<BegunOccurrence>;
  /** Evaluates to the verdict; tried again it goes on with what is stored. */
  evaluateOccurrence(moment: ScheduledMoment): Promise<ScheduledOutcome>;
  /** Notes how it ended. `cancelled`: its evaluation, which goes on elsewhere, is to be cancelled too. */
  endOccurrence(end: ScheduledMoment & ScheduledOutcome & { readonly cancelled?: boolean }): Promise<void>;
};
