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
    >;
