/** The application as its edges see it: open it, then commands and reads over its context. */
export { openApp, type App, type OpenOptions } from './open-app.ts';
export { readSettings, DEFAULT_WORKSPACE, type Settings } from './settings.ts';
export type { Context, OnProgress, Progress } from './context.ts';
export { listFlows, publishFlowFile, readFlowFile, type PublishedFlow } from './commands/flows.ts';
export { exportedFlow, flowDifference, type NamedDefinition } from './commands/flow-definitions.ts';
export { mappingFor, modelMapFor, readMappingFile, writeMappingFile, type MappingFile } from './commands/flow-mapping-file.ts';
export { validateFlowFile, wouldFail, type FlowReport, type NodeReport, type Said } from './commands/flow-validate.ts';
export type { FieldChange, FlowDiff } from '../flow/index.ts';
export { resumeBatch, runBatch, showBatchRuns, type BatchSummary } from './commands/batches/batches.ts';
export type { BatchOptions } from './commands/batches/batch-follow.ts';
export { listBatches } from './commands/batches/batch-list.ts';
export { wishForBatch, type WishAnswer } from './commands/batches/batch-wish.ts';
export {
  evaluateOn,
  goOnWithEvaluation,
  wishForEvaluation,
  type EvaluationHost,
  type HostedOptions,
} from './commands/evaluations/evaluation-hosts.ts';
export {
  EVALUATION_DEFAULTS,
  resolveFlow,
  type EvaluationRequest,
  type VariantRequest,
} from './commands/evaluations/evaluation-request.ts';
export {
  listEvaluations,
  resumeEvaluation,
  runEvaluation,
  showEvaluation,
  showResults,
  type EvaluateOptions,
} from './commands/evaluations/evaluations.ts';
export { importKnowledge, listKnowledge, searchKnowledge } from './commands/knowledge/knowledge.ts';
export { listModels, trainModel, type TrainedModel } from './commands/models.ts';
export { backUp, type FileRequest } from './commands/storage/backup.ts';
export { migrateAll, migrateBack, planMigration, type Migrated, type MigrationPlan } from './commands/storage/migrate.ts';
export { restore } from './commands/storage/restore.ts';
export { projectionStatus, rebuildProjections } from './commands/storage/projections.ts';
export { checkRun } from './commands/runs/run-start.ts';
export { runFlowOnTemporal, type TemporalRunRequest } from './commands/runs/run-on-temporal.ts';
export {
  listWorkerBuilds,
  promoteWorkerBuild,
  startAppWorker,
  type AppWorker,
  type AppWorkerOptions,
  writeWorkflowBundle,
} from './commands/start-worker.ts';
export { openKeeper, type Keeper, type KeeperOptions } from './commands/open-keeper.ts';
export { answerRun, openQuestions, type OpenQuestion } from './commands/runs/run-answer.ts';
export { runFlow, type EndedRun, type FinishedRun, type PausedRun, type RunRequest, type RunWatch } from './commands/runs/run-flow.ts';
export { resumeRun, type ResumedRun } from './commands/runs/run-resume.ts';
export { interruptedRuns, type InterruptedRun } from './commands/runs/run-reads.ts';
export { stopRun } from './commands/runs/run-stop.ts';
export { importSamples, splitSampleSet, type ImportedSamples, type SplitResult } from './commands/samples/samples.ts';
export { sampleFromStream, type FromStreamRequest } from './commands/samples/from-stream.ts';
export { labelSamples } from './commands/samples/label-samples.ts';
export { readLabels } from './commands/samples/read-labels.ts';
export { listBacktests, resumeBacktest, runBacktest, showBacktest, type BacktestOptions } from './commands/backtests/run-backtest.ts';
export type { BacktestSummary, Met } from './commands/backtests/backtest-summary.ts';
export type { RangeRequest } from './commands/backtests/record-range.ts';
export { replaySource, resumeReplay, type Replay } from './commands/backtests/replay-source.ts';
export { compareDecisions, type Comparison } from './commands/backtests/compare-decisions.ts';
export { exportSamples, listSampleSets, showSampleSet } from './commands/samples/sample-reads.ts';
export { difyEvents, flowRaces, type DifyEvent } from '../flow/index.ts';
export { exitCodeOfVerdict, renderHtml, renderText } from '../evaluation/index.ts';
export { configureSource, createSource, type CreatedSource, type CreateSourceRequest } from './commands/sources/create-source.ts';
export { controlSource, moveSourceOffset, switchSource } from './commands/sources/control-source.ts';
export { checkedSettings, readSourceFile, validateSourceFile } from './commands/sources/source-file.ts';
export { replayDeadLetters, type Replayed } from './commands/sources/replay-letters.ts';
export { endStage, promoteFlow, rollBackFlow } from './commands/sources/rollout.ts';
export { isEndlessSource, sourceWarnings } from './commands/sources/source-reads.ts';
export { runOfAlert } from './streams/keeping/alert-runs.ts';
export { runSource, type SourceRun } from './streams/keeping/run-source.ts';
export { keepSource, type SourceNews } from './streams/keeping/keep-source.ts';
export { sourceStatus, type SourceStatus } from './commands/sources/source-status.ts';
export { listDecisions, showDecision, type Decision } from './commands/decisions/decisions.ts';
export { listDeadLetters, type DeadLetterRow } from './commands/sources/dead-letters.ts';
export { checkConfiguration, type CheckedConfiguration, type SettingFinding } from './configuration/check.ts';
export { showConfiguration, type ShownConfiguration, type ShownSetting } from './configuration/show.ts';
export { installCodePackages, pythonInForce, type CodeInstall } from './commands/code/packages.ts';
export type { PythonChoice } from '../sandbox/index.ts';
export { examine, type Checkup, type DoctorOptions, type Finding as DoctorFinding } from './doctor/examine.ts';
export { createAppSchedule, type ScheduleRequest, type WorkRequest } from './schedules/create-schedule.ts';
export { keepAppSchedules, mendSchedules, openSchedules, schedulesLack } from './schedules/open-schedules.ts';
export type { SchedulerNews } from './schedules/scheduler-types.ts';
export { nextTimes } from './schedules/timing.ts';
export { advanceTrends, followTrends, type Advanced, type TrendFollower } from './trends/follow-trends.ts';
export { listAlerts, type AlertsRequest } from './trends/list-alerts.ts';
export { rebuildTrends, type RebuiltTrends } from './trends/rebuild-trends.ts';
export { trendTable, type TrendTable, type TrendTableRequest } from './trends/trend-table.ts';
export { trendWindow, windowInput, type TrendWindow, type TrendWindowRequest } from './trends/trend-window.ts';
export { deliverDue, keepOutbox, listDeadDeliveries, redeliverDead, type OutboxWatch } from './outbox/app-outbox.ts';
export type { RedeliveredSink } from './outbox/redeliver.ts';
export { outboxStatus, type OutboxStatus, type PartStatus, type SinkStatus } from './outbox/outbox-status.ts';
export type { RelayNews } from './outbox/relay-types.ts';
export type { DeliveredSink } from './outbox/run-relays.ts';
export { openInlet, type Inlet, type PushedRecord, type PushResult } from './streams/intake/push-records.ts';
export { keepAppSources } from './streams/keeping/keep-app-sources.ts';
