import type { LogName, Position, WorkspaceId } from '../event-envelope.ts';
import type { RunMode } from '../run-events.ts';
import type { DecisionBeside, DecisionMade } from '../decision-events.ts';
import type { DeliveryEvent } from '../delivery-events.ts';
import type { OccurrenceRow, ScheduleRow } from '../schedules.ts';
import type { AlertCleared, AlertRaised, TrendEvidence } from '../trend-events.ts';

export type ProjectionStatus = {
  readonly name: string;
  readonly log: LogName;
  readonly checkpoint: number;
  readonly head: number;
  readonly rows: number;
  /** SHA-256 over all rows in order of their primary key. */
  readonly hash: string;
};

export type Projections = {
  /** Applies what is new. With `until`, at least up to there. */
  catchUp(workspaceId: WorkspaceId, until?: readonly Position[]): Promise<void>;
  /** Empties one or all and applies every event again, in one transaction per projection. */
  rebuild(
    workspaceId: WorkspaceId,
    options?: { readonly name?: string; readonly onProgress?: (done: number, total: number) => void },
  ): Promise<readonly ProjectionStatus[]>;
  status(workspaceId: WorkspaceId): Promise<readonly ProjectionStatus[]>;
};

/** Read models, each from a projection. `after` waits until the projection has seen that position. */
export type ReadModels = {
  flows(workspaceId: WorkspaceId): Promise<readonly FlowRow[]>;
  flowVersions(workspaceId: WorkspaceId, flow: string): Promise<readonly FlowVersionRow[]>;
  flowVersion(workspaceId: WorkspaceId, version: string): Promise<FlowVersionRow | undefined>;
  sampleSetVersions(workspaceId: WorkspaceId, options?: { readonly set?: string }): Promise<readonly SampleSetVersionRow[]>;
  models(workspaceId: WorkspaceId, options?: { readonly model?: string }): Promise<readonly ModelRow[]>;
  sources(workspaceId: WorkspaceId): Promise<readonly SourceRow[]>;
  decisions(
    workspaceId: WorkspaceId,
    options: { readonly sourceId?: string; readonly mode?: RunMode; readonly after?: number; readonly limit: number },
  ): Promise<readonly DecisionRow[]>;
  decision(workspaceId: WorkspaceId, by: { readonly n: number } | { readonly decisionId: string }): Promise<DecisionRow | undefined>;
  /** Those about some records of a source, of one mode. */
  decisionsAbout(
    workspaceId: WorkspaceId,
    query: { readonly sourceId: string; readonly mode: RunMode; readonly recordIds: readonly string[] },
  ): Promise<readonly DecisionRow[]>;
  /** What decisions of a source cost on a day (`2026-11-21`, UTC), in USD and tokens: those of its backtests, or all others. */
  dailySpend(
    workspaceId: WorkspaceId,
    query: { readonly sourceId: string; readonly day: string; readonly purpose: SpendPurpose },
  ): Promise<{ readonly decisions: number; readonly cost: number; readonly tokens: number }>;
  /** Decisions that were held against others about the same records: of shadows, or of one backtest. */
  comparedDecisions(
    workspaceId: WorkspaceId,
    query: ComparedQuery & { readonly agrees?: boolean; readonly after?: number; readonly limit: number },
  ): Promise<readonly ComparedDecisionRow[]>;
  comparedLabels(workspaceId: WorkspaceId, query: ComparedQuery): Promise<readonly ComparedLabels[]>;
  /** Newest first, at most `limit`: of one source or all, with `open` only those in force, with `before` those raised before that place. With `after`: oldest first, those
   * raised after that place. */
  alerts(
    workspaceId: WorkspaceId,
    options: {
      readonly sourceId?: string;
      readonly open?: boolean;
      readonly before?: number;
      readonly after?: number;
      readonly limit: number;
    },
  ): Promise<readonly AlertRow[]>;
  alert(workspaceId: WorkspaceId, alertId: string): Promise<AlertRow | undefined>;
  /**
   * Messages that a sink was not given for good and has not got since: in the order of what they tell, after place `after` of the ledger, or the
   * newest of them first.
   */
  deadDeliveries(
    workspaceId: WorkspaceId,
    query: { readonly sink: string; readonly after?: number; readonly newestFirst?: boolean; readonly limit: number },
  ): Promise<readonly DeadDeliveryRow[]>;
  deadDeliveryCount(workspaceId: WorkspaceId, sink: string): Promise<number>;
  evaluations(workspaceId: WorkspaceId): Promise<readonly EvaluationRow[]>;
  evaluation(workspaceId: WorkspaceId, evaluationId: string): Promise<EvaluationRow | undefined>;
  /** In order of (sample, variant, repeat), after the given key. */
  results(
    workspaceId: WorkspaceId,
    evaluationId: string,
    options: { readonly after?: { readonly sampleId: string; readonly variant: string; readonly repeat: number }; readonly limit: number },
  ): Promise<readonly ResultRow[]>;
  runs(workspaceId: WorkspaceId, options: { readonly limit: number }): Promise<readonly RunRow[]>;
  /** By name, those that were deleted too. */
  schedules(workspaceId: WorkspaceId): Promise<readonly ScheduleRow[]>;
  /** Newest first, at most `limit`: of one schedule or all; with `open` only those that are asked for, buffered or running. */
  scheduleOccurrences(
    workspaceId: WorkspaceId,
    options: { readonly schedule?: string; readonly open?: boolean; readonly limit: number },
  ): Promise<readonly OccurrenceRow[]>;
};

export type FlowRow = { readonly flow: string; readonly latestVersion: string; readonly versions: number; readonly mode: string };
export type FlowVersionRow = {
  readonly flow: string;
  readonly version: string;
  readonly meaningHash: string;
  readonly mode: string;
  readonly dslVersion: string;
  readonly definition: string;
  readonly warnings: readonly string[];
  readonly fileName: string | null;
  /** Position in the ledger: later versions have higher ones. */
  readonly n: number;
};
export type SampleSetVersionRow = {
  readonly set: string;
  readonly version: string;
  readonly parent: string | null;
  readonly split: string | null;
  readonly seed: number | null;
  readonly textField: string | null;
  readonly clusterField: string | null;
  readonly fieldNames: readonly string[];
  readonly labels: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Stream version of the event that holds the manifest (stream `samples/<set>`). */
  readonly streamVersion: number;
  readonly n: number;
};
export type ModelRow = {
  readonly model: string;
  readonly artifact: string;
  readonly set: string;
  readonly setVersion: string;
  readonly split: string;
  readonly rows: number;
  readonly metrics: unknown;
  readonly n: number;
};
/** A source and where it reads; its settings and what was wanted of it later are in its events. */
export type SourceRow = {
  readonly sourceId: string;
  readonly kind: string;
  readonly location: string;
  /** The flow it was created with. */
  readonly flow: string;
  readonly incarnation: number;
};
export type SpendPurpose = 'stream' | 'backtest';
type ComparedQuery = { readonly sourceId: string; readonly mode: RunMode; readonly replay?: number };
/** `agrees`: label and action are equal. `n` is its place in the ledger. */
export type ComparedDecisionRow = DecisionBeside & {
  readonly n: number;
  readonly recordId: string;
  readonly against: DecisionBeside;
  readonly agrees: boolean;
};
export type ComparedLabels = {
  readonly flow: string;
  readonly flowVersion: string;
  readonly label: string | null;
  readonly againstLabel: string | null;
  readonly count: number;
};
/** A decision; `n` is its place in the ledger. */
export type DecisionRow = DecisionMade['data'] & { readonly n: number };
/** An alert as it stands; `n` is the place in the ledger where it was raised. */
export type AlertRow = AlertRaised['data'] & {
  readonly n: number;
  /** What is known of its window since records came late. */
  readonly corrected: TrendEvidence | null;
  /** End of the window with which it was over, milliseconds since 1970 UTC; null while it is in force. */
  readonly clearedAt: number | null;
  readonly clearedBecause: AlertCleared['data']['reason'] | null;
  /** Known when it is over. */
  readonly peak: number | null;
};
/** A message that was passed over. `n`: the place in the ledger of what it tells. */
export type DeadDeliveryRow = Extract<DeliveryEvent, { readonly type: 'DeliveryRefused' }>['data'];
export type EvaluationRow = {
  readonly evaluationId: string;
  readonly set: string;
  readonly split: string | null;
  readonly setVersion: string;
  readonly n: number;
  readonly variants: unknown;
  readonly options: unknown;
  readonly notes: readonly string[];
  /** `running` until judged. */
  readonly status: 'running' | 'judged';
  readonly summary: unknown;
  readonly results: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly position: number;
};
export type ResultRow = {
  readonly sampleId: string;
  readonly variant: string;
  readonly repeat: number;
  readonly runId: string;
  readonly label: string | null;
  readonly prediction: string | null;
  readonly correct: boolean;
  readonly error: string | null;
  readonly cluster: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  readonly calls: number;
  readonly reused: number;
  readonly elapsedMs: number;
};
export type RunRow = {
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly mode: string;
  readonly status: string;
  readonly totalSteps: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly error: string | null;
};
