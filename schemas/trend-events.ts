import type { SpikeRule } from './sources/trend-settings.ts';

/** What is counted together: those parts of it that a rule does not look at are null. */
export type TrendKey = { readonly subject: string | null; readonly category: string | null };
export type TrendBy = SpikeRule['by'];

/** What is known of one window beside the windows before it. Null where the windows before it are too few to say. */
export type TrendEvidence = {
  readonly count: number;
  /** Records expected in the window: the mean of the windows before it, with half a record added to all of them together. */
  readonly baseline: number | null;
  /** Count over baseline. */
  readonly ratio: number | null;
  /** Robust z: distance from the median of the windows before it in units of their spread. */
  readonly z: number | null;
  /** Probability of so many records or more, if they came independently at the baseline's rate. */
  readonly p: number | null;
  /** Distinct reporters; an estimate from 256 on. */
  readonly reporters: number;
  /** How many windows the baseline is made of. */
  readonly windows: number;
};

export type SubjectCount = { readonly subject: string; readonly count: number };

type Of<T extends string, D> = { readonly type: T; readonly data: D & { readonly sourceId: string } };
/** Of which rule and key; windows are [start, end) in milliseconds since 1970 UTC. */
type Window = TrendKey & { readonly rule: string; readonly by: TrendBy; readonly windowStart: number; readonly windowEnd: number };

/**
 * Facts of the trends of a source. Stream `trend/<sourceId>`. They follow from the source's records, in order of arrival, and its settings:
 * no clock has a say. `arrival`: the record with which they became known.
 */
export type TrendEvent =
  /** A window is a spike. Its id is a hash of source, rule, key and window start: there is no second one of them. */
  | Of<
      'AlertRaised',
      Window & {
        readonly alertId: string;
        readonly evidence: TrendEvidence;
        /** The smallest count that would have been a spike. */
        readonly needed: number;
        readonly topSubjects: readonly SubjectCount[];
        readonly arrival: number;
      }
    >
  /**
   * An alert is over with this window.
   *
   * - `fell`: the count fell below `clearRatio` × `needed`
   * - `lasted`: it stayed that high for as long as the whole baseline, and so is what must be expected now
   * - `rule-removed`: the settings have no such rule any more
   */
  | Of<
      'AlertCleared',
      Window & {
        readonly alertId: string;
        readonly reason: 'fell' | 'lasted' | 'rule-removed';
        readonly count: number;
        /** The highest count of a window while it lasted. */
        readonly peak: number;
        readonly arrival: number;
      }
    >
  /** Records came after their window had been judged. What it would be judged now is told, and nothing is raised or taken back. */
  | Of<
      'WindowCorrected',
      Window & {
        /** The alert that this window had raised. */
        readonly alertId: string | null;
        readonly countBefore: number;
        readonly evidence: TrendEvidence;
        readonly isSpike: boolean;
        /** Late records of the window that came since it was judged, or last corrected. */
        readonly late: number;
        readonly arrival: number;
      }
    >;

export type AlertRaised = Extract<TrendEvent, { readonly type: 'AlertRaised' }>;
export type AlertCleared = Extract<TrendEvent, { readonly type: 'AlertCleared' }>;
export type WindowCorrected = Extract<TrendEvent, { readonly type: 'WindowCorrected' }>;
