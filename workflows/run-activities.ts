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
  /** When the time limit began to count, for an execution that continues another; milliseconds since 1970. */
  readonly limitFrom?: number;
  /** Why the run is to stop, where somebody asked for it in an execution that this one continues. */
  readonly stop?: string;
  /** Events of Temporal's history after which the workflow continues as new. Default: when the server suggests it. */
  readonly historyLimit?: number;
};

export type RunFlowResult =
  | { readonly status: 'finished'; readonly data: RunFinished['data'] }
  /** The lease was lost: another owner goes on, and writes the rest of the events. */
  | { readonly status: 'taken-over' };

/** The workflow, as one execution names what continues it. */
export type RunFlow = (args: RunFlowArgs) => Promise<RunFlowResult>;

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

/** The plan of a flow version under a plan version. */
export type PlanName = { readonly workspaceId: string; readonly flowVersion: string; readonly planVersion: number };

export type RunName = { readonly workspaceId: string; readonly runId: string };

/** What a run is driven with, as the worker that was asked first has it: from then on it stands in the history. */
export type LoadedPlan = {
  readonly plan: Plan;
  /** Providers as the effects of this run name them, whose calls have a task queue of their own → the name of that queue's provider. */
  readonly limited: Readonly<Record<string, string>>;
  /** How often an effect is tried that an infrastructure failure keeps from being performed, before the run fails. */
  readonly effectAttempts: number;
};

export type TakeResult =
  /** `stop`: somebody has noted that the run is to stop, and why. */
  | { readonly status: 'taken'; readonly fence: Fence; readonly history: HistoryPage; readonly stop: string | null }
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
  /** Whether the lease is to be renewed and a noted stop looked for, each of which costs a question of its own. */
  readonly renew: boolean;
};

export type EffectToPerform = {
  readonly workspaceId: string;
  readonly fence: Fence;
  readonly effect: Effect;
  /** Asked for just now: unless this activity is tried again, nobody can have stored a result. */
  readonly fresh: boolean;
  /**
   * Facts that led to it and are not written yet. When they are due they are written before it is performed, else only once it lasts so
   * long that somebody would miss them.
   */
  readonly facts: (FactsToAppend & { readonly due: boolean }) | null;
};

/** `written`: whether the facts that came with it are. */
export type PerformedEffect =
  | { readonly status: 'performed'; readonly result: EffectResult; readonly written: boolean }
  /** Nobody has answered it yet; null: nothing but an answer ends the wait. */
  | { readonly status: 'waiting'; readonly until: number | null; readonly written: boolean }
  /** A stop was noted: the effect was not performed, or broken off. */
  | { readonly status: 'stop'; readonly reason: string; readonly written: boolean }
  | LostHold;

export type AppendResult =
  /** `stop`: somebody has noted that the run is to stop, and why. The signal may have been lost on the way. */
  { readonly status: 'written'; readonly stop: string | null } | LostHold;

/** `taken-over`: the lease was lost. `differs`: the stream has other events already under the numbers of these, which are not written. */
export type LostHold = { readonly status: 'taken-over' } | { readonly status: 'differs' };

/**
 * What the workflow needs done outside. Each may be performed more than once for one call (a worker died, an answer was lost), so
 * each leaves things as one performance would. A rejection is an infrastructure failure and is tried again; what concerns the
 * run itself is a value.
 */
export type RunActivities = {
  /** Both of what a run needs before its first step, in one go. Nothing is taken when there is no plan. */
  openRun(
    args: PlanName & RunName & { readonly owner: string; readonly modelMap: RunStarted['data']['modelMap'] },
  ): Promise<{ readonly loaded: LoadedPlan; readonly taken: TakeResult }>;
  /** Takes the run's lease for `owner`, or finds that it is that owner's already, and reads what happened before. */
  takeRun(args: RunName & { readonly owner: string }): Promise<TakeResult>;
  readHistory(args: RunName & { readonly after: number }): Promise<HistoryPage>;
  appendFacts(args: FactsToAppend): Promise<AppendResult>;
  /** A failure of the effect is a result. The lease is renewed while it lasts. */
  performEffect(args: EffectToPerform): Promise<PerformedEffect>;
};
