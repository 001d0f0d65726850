/** What enters the Temporal bundle: every function exported here can be started as a workflow by its name. */
export { runFlow } from './run-flow.ts';
export type {
  AppendResult,
  FactsToAppend,
  HistoryPage,
  RunActivities,
  RunFlowArgs,
  RunFlowResult,
  RunName,
  RunView,
  TakeResult,
} from './run-activities.ts';
