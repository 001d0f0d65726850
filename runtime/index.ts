/** The application as its edges see it: open it, then commands and reads over its context. */
export { openApp, type App, type OpenOptions } from './open-app.ts';
export { readSettings, DEFAULT_WORKSPACE, type Settings } from './settings.ts';
export type { Context, OnProgress, Progress } from './context.ts';
export { listFlows, publishFlowFile, readFlowFile, type PublishedFlow } from './commands/flows.ts';
export { resumeBatch, runBatch, showBatchRuns, wishForBatch, type BatchOptions, type BatchSummary } from './commands/batches.ts';
export {
  evaluateOn,
  goOnWithEvaluation,
  wishForEvaluation,
  type EvaluationHost,
  type EvaluationWish,
  type HostedOptions,
} from './commands/evaluation-hosts.ts';
export { EVALUATION_DEFAULTS, resolveFlow, type EvaluationRequest, type VariantRequest } from './commands/evaluation-request.ts';
export {
  listEvaluations,
  resumeEvaluation,
  runEvaluation,
  showEvaluation,
  showResults,
  type EvaluateOptions,
} from './commands/evaluations.ts';
export { listModels, trainModel, type TrainedModel } from './commands/models.ts';
export { backUp, type FileRequest } from './commands/backup.ts';
export { migrateAll, migrateBack, planMigration, type Migrated, type MigrationPlan } from './commands/migrate.ts';
export { restore } from './commands/restore.ts';
export { projectionStatus, rebuildProjections } from './commands/projections.ts';
export { checkRun } from './commands/run-start.ts';
export { runFlowOnTemporal, type TemporalRunRequest } from './commands/run-on-temporal.ts';
export {
  listWorkerBuilds,
  promoteWorkerBuild,
  startAppWorker,
  type AppWorker,
  type AppWorkerOptions,
  writeWorkflowBundle,
} from './commands/start-worker.ts';
export { runFlow, type FinishedRun, type RunRequest, type RunWatch } from './commands/run-flow.ts';
export { resumeRun, type ResumedRun } from './commands/run-resume.ts';
export { interruptedRuns, type InterruptedRun } from './commands/run-reads.ts';
export { stopRun } from './commands/run-stop.ts';
export { importSamples, splitSampleSet, type ImportedSamples, type SplitResult } from './commands/samples.ts';
export { exportSamples, listSampleSets, showSampleSet } from './commands/sample-reads.ts';
export { difyEvents, flowRaces, type DifyEvent } from '../flow/index.ts';
export { exitCodeOfVerdict, renderHtml, renderText } from '../evaluation/index.ts';
export { createSource, startSource, type CreatedSource, type SourceRun, type StartOptions } from './commands/sources.ts';
export { sourceStatus, type SourceStatus } from './commands/source-status.ts';
export { sourceWarnings, type CreateSourceRequest } from './commands/source-settings.ts';
export { listDecisions, type Decision } from './commands/decisions.ts';
export { listDeadLetters, type DeadLetterRow } from './commands/dead-letters.ts';
export { checkConfiguration, type CheckedConfiguration, type SettingFinding } from './configuration/check.ts';
export { showConfiguration, type ShownConfiguration, type ShownSetting } from './configuration/show.ts';
export { examine, type Checkup, type DoctorOptions, type Finding as DoctorFinding } from './doctor/examine.ts';
export { createAppSchedule, type ScheduleRequest, type WorkRequest } from './schedules/create-schedule.ts';
export { keepAppSchedules, mendSchedules, openSchedules, schedulesAreKept } from './schedules/open-schedules.ts';
export type { SchedulerNews } from './schedules/scheduler-types.ts';
export { nextTimes } from './schedules/timing.ts';
