import type { Pin } from './effects.ts';
import type { SourceSettings } from './sources/source-settings.ts';

type Of<T extends string, D> = { readonly type: T; readonly data: D & { readonly sourceId: string } };

/** Which flow decides at a stage of a source. `flowVersion` null: the latest there is. */
export type StageFlow = { readonly flow: string; readonly flowVersion: string | null };

/**
 * - `live`: decides, and what it decides is acted upon
 * - `canary`: does so for a share of the subjects, always the same ones
 * - `shadow`: decides beside the live flow, is kept, and is not acted upon
 */
export type RolloutStage = 'live' | 'canary' | 'shadow';
export type SourceWish = 'run' | 'pause' | 'stop';

/**
 * Which records of a source are meant: those that arrived after number `after` up to `upTo`, of them those with an event time from `from` on and
 * before `to` (milliseconds since 1970 UTC), of them the first `limit`. Null: no such bound.
 */
export type RecordRange = {
  readonly after: number;
  readonly upTo: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly limit: number | null;
};

/** Facts of a source. Stream `source/<id>`, but for decisions, which are many. `at`: milliseconds since 1970 UTC. */
export type SourceEvent =
  | Of<'SourceCreated', StageFlow & { readonly settings: SourceSettings }>
  /** Its settings are others from now on. */
  | Of<'SourceConfigured', { readonly settings: SourceSettings; readonly at: number }>
  /** What somebody wants of it: whoever works on it looks for the last of them. */
  | Of<'SourceControlled', { readonly wish: SourceWish; readonly reason: string; readonly at: number }>
  /** A flow decides at a stage from now on; null: none does (which live never is). `share` of the subjects, for a canary. */
  | Of<
      'SourceFlowSet',
      {
        readonly stage: RolloutStage;
        readonly flow: StageFlow | null;
        readonly share: number | null;
        /** True when this takes back what came before. */
        readonly isRollback: boolean;
        readonly reason: string;
        readonly at: number;
      }
    >
  /** The kill switch: while it is on no flow runs, and every record gets the fallback. */
  | Of<'SourceSwitched', { readonly killed: boolean; readonly reason: string; readonly at: number }>
  /** The log of a partition ends before the offset we had stored: it was replaced. Counted up, loudly. */
  | Of<
      'SourceIncarnationRaised',
      { readonly incarnation: number; readonly reason: string; readonly topic?: string; readonly partition?: number }
    >
  /** A person has set where a partition is read on from. */
  | Of<
      'SourceOffsetMoved',
      { readonly topic: string; readonly partition: number; readonly from: number | null; readonly to: number; readonly at: number }
    >
  /** Records are decided again beside what was decided, by another version; `backtest` counts those of the source from 1. Stream `backtests/<id>`. */
  | Of<
      'BacktestStarted',
      {
        readonly backtest: number;
        readonly flow: string;
        readonly flowVersion: string;
        readonly range: RecordRange;
        /** Results by node id or `type:<node type>`. */
        readonly pins: Readonly<Record<string, Pin>>;
        /** Nodes that ask what the live run asked take the answer it got. */
        readonly recorded: boolean;
        /** Trained artifacts by model name `SET@SPLIT`: frozen at the start. */
        readonly artifacts: Readonly<Record<string, string>>;
        /** Where a record says what it truly is; null when it does not. */
        readonly label: string | null;
        readonly concurrency: number;
        readonly at: number;
      }
    >
  | Of<
      'BacktestFinished',
      {
        readonly backtest: number;
        readonly records: number;
        readonly agree: number;
        readonly differ: number;
        readonly failed: number;
        readonly at: number;
      }
    >
  /**
   * Records are decided again for real; `replay` counts those of the source from 1, and is that of the decisions. Stream `replays/<id>`.
   * `flow` null: the flows of the source's stages.
   */
  | Of<
      'ReplayStarted',
      {
        readonly replay: number;
        readonly flow: { readonly flow: string; readonly flowVersion: string } | null;
        readonly range: RecordRange;
        readonly reason: string;
        readonly at: number;
      }
    >
  | Of<
      'ReplayFinished',
      { readonly replay: number; readonly decided: number; readonly failed: number; readonly left: number; readonly at: number }
    >;
