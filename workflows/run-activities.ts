import type { Plan } from '../flow/core.ts';
import type { Effect, EffectResult, Fence, RunEvent, RunFinished, RunMode, RunStarted, RunStatus } from '../schemas/core.ts';

/** What a run is started with. Plain JSON, like everything that crosses the boundary between a workflow and its activities. */
export type RunFlowArgs = {
  readonly workspaceId: string;
  readonly runId: string;
  /** Hash of the flow version; the plan is loaded by it, so that it stands in the history. */
  readonly flowVersion: string;
  /** The first event of the run, its inputs checked by whoever asked for the run. */
  readonly started: RunStarted;
  /** Who asked, for the event log. */
  readonly actor: string;
  /** Milliseconds after which the run is stopped, counted from the time it has its plan and its lease. */
  readonly timeoutMs: number;
};

export type RunFlowResult =
  | { readonly status: 'finished'; readonly data: RunFinished['data'] }
  /** The lease was lost: another owner goes on, and writes the rest of the events. */
  | { readonly status: 'taken-over' };

/** What the query `state` answers. */
export type RunView = {
  /** `starting` until the plan is there and the lease is ours. */
  readonly status: 'starting' | RunStatus;
  readonly totalSteps: number;
  /** Events that happened so far, written or not. */
  readonly events: number;
  readonly underWay: readonly { readonly nodeId: string; readonly title: string; readonly attempt: number; readonly startedAt: number }[];
  readonly stopReason: string | null;
};

export type RunName = { readonly workspaceId: string; readonly runId: string };

export type TakeResult =
  | { readonly status: 'taken'; readonly fence: Fence; readonly history: HistoryPage }
  | { readonly status: 'held'; readonly by: string; readonly waitMs: number };

/** A run's events after some version, as many as fit into one payload. */
export type HistoryPage = { readonly events: readonly RunEvent[]; readonly more: boolean };

export type FactsToAppend = RunName & {
  readonly fence: Fence;
  readonly actor: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly mode: RunMode;
  /** Number of the first of these events in the run's stream. */
  readonly from: number;
  readonly events: readonly RunEvent[];
  /** Of the run, once these are written. */
  readonly status: RunStatus;
  /** Whether the lease is to be renewed, which costs a write of its own. */
  readonly renew: boolean;
};

export type AppendResult =
  /** `stop`: somebody has noted that the run is to stop, and why. The signal may have been lost on the way. */
  { readonly status: 'written'; readonly stop: string | null } | { readonly status: 'taken-over' };

/**
 * What the workflow needs done outside. Each may be performed more than once for one call (a worker died, an answer was lost), so
 * each leaves things as one performance would. A rejection is an infrastructure failure and is tried again; what concerns the
 * run itself is a value.
 */
export type RunActivities = {
  loadPlan(args: { readonly workspaceId: string; readonly flowVersion: string }): Promise<Plan>;
  /** Takes the run's lease for `owner`, or finds that it is that owner's already, and reads what happened before. */
  takeRun(args: RunName & { readonly owner: string }): Promise<TakeResult>;
  readHistory(args: RunName & { readonly after: number }): Promise<HistoryPage>;
  appendFacts(args: FactsToAppend): Promise<AppendResult>;
  /** A failure of the effect is a result. The lease is renewed while it lasts; losing it fails with the type `LeaseLost`. */
  performEffect(args: { readonly workspaceId: string; readonly fence: Fence; readonly effect: Effect }): Promise<EffectResult>;
};
