/** What enters the Temporal bundle: every function exported here can be started as a workflow by its name. */
export { runFlow } from './run-flow.ts';
export { dispatchRuns } from './dispatch-runs.ts';
export { runBatch } from './batch-run.ts';
export { runEvaluation } from './run-evaluation.ts';
export type {
  BatchActivities,
  BatchName,
  BatchShape,
  OpenResult,
  Piece,
  PieceArgs,
  PieceResult,
  RunCounts,
  TroubledRun,
} from './batch-activities.ts';
export type { SpreadWishes } from './batch-shards.ts';
export type { BatchView } from './batch-progress.ts';
export type { BatchArgs, BatchResult } from './batch-supervise.ts';
export { decideSource, type DecideSourceArgs } from './decide-source.ts';
export type { PartName, PartTurn, SourceActivities, SourceName } from './source-activities.ts';
export { scheduled } from './scheduled.ts';
export type {
  AppendResult,
  LostHold,
  EffectToPerform,
  FactsToAppend,
  HistoryPage,
  LoadedPlan,
  PerformedEffect,
  PlanName,
  RunActivities,
  RunFlowArgs,
  RunFlowResult,
  RunName,
  RunView,
  TakeResult,
} from './run-activities.ts';
export type { BegunOccurrence, ScheduledActivities, ScheduledArgs, ScheduledMoment, ScheduledOutcome } from './scheduled-activities.ts';
