import type { Pin } from './effects.ts';
import type { Json } from './encoded-value.ts';
import type { EvaluationOptions } from './ledger-events.ts';

/**
 * When occurrences happen. `every`: whenever the time since 1970 UTC, less `offsetMs`, is a multiple of `everyMs`. `cron`: five fields, read
 * on the clock of a time zone.
 */
export type ScheduleTiming =
  | { readonly kind: 'every'; readonly everyMs: number; readonly offsetMs: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timezone: string };

/** What becomes of an occurrence whose time comes while an earlier one is not over. */
export type OverlapPolicy = 'skip' | 'buffer-one' | 'allow';

/** `flowVersion` null: the latest version when the time comes. */
type ScheduledFlow = {
  readonly flow: string;
  readonly flowVersion: string | null;
  readonly modelMap: Readonly<Record<string, string>>;
  readonly pins: Readonly<Record<string, Pin>>;
};
export type ScheduledRun = ScheduledFlow & {
  readonly kind: 'run';
  readonly inputs: Json;
  readonly query: string | null;
  /** The input `window` is what is known of this window of a source when the time comes. */
  readonly window?: ScheduledWindow;
};
/** `windowMinutes` null: the default of trends. */
export type ScheduledWindow = { readonly sourceId: string; readonly windowMinutes: number | null };
export type ScheduledVariant = ScheduledFlow & { readonly name: string };
/** `samples`: NAME[:VERSION][@SPLIT], resolved when the time comes. */
export type ScheduledEvaluation = {
  readonly kind: 'evaluation';
  readonly variants: readonly ScheduledVariant[];
  readonly samples: string;
  readonly options: EvaluationOptions;
};
export type ScheduledWork = ScheduledRun | ScheduledEvaluation;

/** Times in milliseconds since 1970 UTC, spans in milliseconds. */
export type ScheduleSettings = {
  readonly timing: ScheduleTiming;
  /** An occurrence begins up to this much after its time. */
  readonly jitterMs: number;
  readonly overlap: OverlapPolicy;
  /** An occurrence that nobody could begin in time is begun up to this much later, and is missed after that. */
  readonly catchupMs: number;
  /** No occurrence after it. */
  readonly until: number | null;
  readonly work: ScheduledWork;
};

type Of<T extends string, D> = { readonly type: T; readonly data: D & { readonly schedule: string; readonly at: number } };
type Occurrence = { readonly occurrenceId: string; readonly scheduledFor: number };

export type OccurrenceEnd = 'succeeded' | 'partial-succeeded' | 'failed' | 'stopped';

/** Facts of schedules, in the ledger. Stream `schedule/<name>`; `at` is when it became known. */
export type ScheduleEvent =
  | Of<'ScheduleCreated', { readonly settings: ScheduleSettings; readonly paused: boolean }>
  | Of<'SchedulePaused', { readonly note: string | null }>
  | Of<'ScheduleResumed', object>
  | Of<'ScheduleDeleted', object>
  /** Somebody asked for an occurrence now. `keeper`: who is to begin it. */
  | Of<'ScheduleTriggered', Occurrence & { readonly keeper: ScheduleKeeper }>
  /** The time of an occurrence came. `workId` is the run's or the evaluation's; `triggered` when it was asked for. */
  | Of<
      'ScheduleOccurred',
      Occurrence & {
        readonly outcome: 'started' | 'buffered' | 'skipped';
        readonly triggered: boolean;
        readonly workId: string;
        readonly reason: string | null;
      }
    >
  | Of<'ScheduleOccurrenceEnded', Occurrence & { readonly status: OccurrenceEnd; readonly detail: string | null }>
  /** Nobody was there to begin them, and then it was too late. */
  | Of<'ScheduleOccurrencesMissed', { readonly first: number; readonly last: number; readonly count: number }>;

/** What keeps the time: this program, or Temporal. */
export type ScheduleKeeper = 'riskflow' | 'temporal';

export type ScheduleRow = {
  readonly schedule: string;
  readonly settings: ScheduleSettings;
  readonly state: 'active' | 'paused' | 'deleted';
  /** Why it is paused. */
  readonly note: string | null;
  readonly createdAt: number;
  /** Occurrences up to this time are dealt with. */
  readonly considered: number;
  readonly missed: number;
  readonly lastMissed: number | null;
};

export type OccurrenceRow = {
  readonly occurrenceId: string;
  readonly schedule: string;
  readonly scheduledFor: number;
  readonly triggered: boolean;
  /** `asked`: triggered and not begun; `buffered`: waits for the one before it. */
  readonly status: 'asked' | 'buffered' | 'running' | 'skipped' | OccurrenceEnd;
  /** Of the run or the evaluation. */
  readonly workId: string;
  /** Why it was skipped or failed; the verdict of an evaluation. */
  readonly detail: string | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
};

export type NewSchedule = { readonly schedule: string; readonly settings: ScheduleSettings; readonly paused: boolean };

/** A schedule as people see it. */
export type ScheduleView = ScheduleRow & {
  /** Newest first. */
  readonly occurrences: readonly OccurrenceRow[];
};

/**
 * Keeps times. Every change is a fact in the ledger first, from which all that is read comes; then whoever keeps the time is told. A change
 * that was not told (the process died) is made up for by `reconcile`. Unknown names are RiskflowError `not_found`.
 */
export type Schedules = {
  readonly keeper: ScheduleKeeper;
  /** The same again writes nothing. @throws RiskflowError `conflict` when it is there with other settings */
  create(wanted: NewSchedule): Promise<{ readonly isNew: boolean }>;
  /** By name, each with its latest occurrence. */
  list(): Promise<readonly ScheduleView[]>;
  /** With its latest occurrences, at most `limit`. */
  describe(schedule: string, limit: number): Promise<ScheduleView>;
  /** False when it was so already, here and below. */
  pause(schedule: string, note: string | null): Promise<boolean>;
  /** What would have happened while it was paused does not happen. */
  resume(schedule: string): Promise<boolean>;
  /** Asks for an occurrence now. Paused schedules can be triggered; the overlap policy holds. */
  trigger(schedule: string): Promise<{ readonly scheduledFor: number }>;
  /** What has begun goes on. */
  delete(schedule: string): Promise<void>;
  /** The next times as the keeper tells them, at most 10; none when paused. */
  nextTimes(schedule: string, count: number): Promise<readonly number[]>;
  /** The times of occurrences that the keeper has begun and nobody has taken up: the ledger does not know them yet. */
  waiting(schedule: string): Promise<readonly number[]>;
  /** Makes the keeper agree with the ledger. @returns the names of schedules where it did not */
  reconcile(): Promise<readonly string[]>;
  close(): Promise<void>;
};
