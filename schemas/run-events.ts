import type { ContainerPath, Pin, Usage } from './effects.ts';
import type { Json } from './encoded-value.ts';

/** Version of the interpreter's semantics. The first event of a run names it; a change of meaning is a new number. */
export const PLAN_VERSION = 1;

export type RunMode = 'manual' | 'scheduled' | 'live' | 'shadow' | 'backtest' | 'evaluation' | 'batch';

/** Who decides about a record: the flow of a stage, or nobody (`fallback`: the flow failed, the kill switch was on, or the budget was spent). */
export type DecisionStage = 'live' | 'canary' | 'shadow' | 'backtest' | 'fallback';

/** Where a run comes from: what asked for it. */
export type RunOrigin =
  | { readonly kind: 'manual' }
  /** `place`: which row of the batch, from 0. */
  | { readonly kind: 'batch'; readonly batchId: string; readonly place: number }
  | { readonly kind: 'schedule'; readonly schedule: string; /** Milliseconds since 1970. */ readonly scheduledFor: number }
  /** `stage`: at which the flow decides. Runs of the first release do not say. */
  | { readonly kind: 'record'; readonly sourceId: string; readonly recordId: string; readonly stage?: DecisionStage }
  | { readonly kind: 'alert'; readonly sourceId: string; readonly alertId: string }
  /** The tool node of another run called the flow; `depth`: how many flows called each other to get here. */
  | { readonly kind: 'tool'; readonly runId: string; readonly effectId: string; readonly depth: number }
  | {
      readonly kind: 'sample';
      readonly evaluationId: string;
      readonly sampleId: string;
      readonly variant: string;
      readonly repeat: number;
    };

/** How much a run and its nodes may do. */
export type RunLimits = {
  /** Node starts of one run. */
  readonly maxSteps?: number;
  /** Characters of a text that a code node gives. */
  readonly codeMaxString?: number;
  /** Levels of objects and lists within each other that a code node gives. */
  readonly codeMaxDepth?: number;
  /** Items of the lists that a code node gives. */
  readonly codeMaxStringArray?: number;
  readonly codeMaxObjectArray?: number;
  readonly codeMaxNumberArray?: number;
  /** Characters that a template node gives. */
  readonly templateMaxOutput?: number;
};

export type NodeStatus = 'succeeded' | 'failed' | 'exception' | 'stopped';
export type RunStatus = 'running' | 'succeeded' | 'failed' | 'stopped' | 'partial-succeeded' | 'paused';
export type FinishedRunStatus = Exclude<RunStatus, 'running' | 'paused'>;

/** Which start of which node: the same node may start many times inside iterations and loops. */
export type NodeVisit = { readonly nodeId: string; readonly path: ContainerPath; readonly visit: number };

/** Times are milliseconds since 1970 UTC, given by the host. Values are in encoded form. */
export type RunStarted = {
  readonly type: 'RunStarted';
  readonly data: {
    readonly runId: string;
    readonly planVersion: number;
    readonly flow: string;
    readonly flowVersion: string;
    readonly mode: RunMode;
    readonly origin: RunOrigin;
    /** Start variables by name, after the input check. */
    readonly inputs: Json;
    /** sys.* by name, without "sys.". */
    readonly system: Json;
    /** env.* by name; secrets as references. */
    readonly environment: Json;
    /** Pinned results by node id or `type:<node type>`. */
    readonly pins: Readonly<Record<string, Pin>>;
    /** `--map-model` for the models of this flow: "provider/name" as the node says it → what is asked instead. */
    readonly modelMap: Readonly<Record<string, { readonly provider: string; readonly name: string }>>;
    /** Limits that were set when it began; the others are the defaults. */
    readonly limits?: RunLimits;
    readonly at: number;
  };
};

/** A node that needs an effect began. Inline nodes have no such event: their NodeFinished says when they began. */
export type NodeStarted = {
  readonly type: 'NodeStarted';
  readonly data: NodeVisit & {
    /** The how manieth node start of the run, from 1. */
    readonly index: number;
    readonly effectId: string;
    /** Hash of what was asked for (plan version, node meaning, resolved request), and how often this run asked it before. */
    readonly contentKey: string | null;
    /** What the node was given, as shown to people. */
    readonly inputs: Json;
    readonly at: number;
  };
};

/** An attempt failed and another will follow. */
export type NodeRetried = {
  readonly type: 'NodeRetried';
  readonly data: NodeVisit & {
    readonly effectId: string;
    /** The attempt that failed, from 1. */
    readonly attempt: number;
    readonly error: { readonly message: string; readonly type: string };
    readonly delayMs: number;
    readonly usage: Usage;
    readonly at: number;
  };
};

/**
 * A node got an answer and asks for more before it is over: a loop of a model and its tools, say. `memo` is what it must know to ask
 * again, in a form of its own.
 */
export type NodeContinued = {
  readonly type: 'NodeContinued';
  readonly data: NodeVisit & {
    /** The effect that was answered, and the one that is asked for now. */
    readonly effectId: string;
    readonly nextEffectId: string;
    readonly contentKey: string | null;
    readonly memo: Json;
    readonly usage: Usage;
    readonly elapsedMs: number;
    readonly reused: boolean;
    readonly at: number;
  };
};

/** An iteration or a loop began. */
export type ContainerStarted = {
  readonly type: 'ContainerStarted';
  readonly data: NodeVisit & {
    /** The how manieth node start of the run, from 1. */
    readonly index: number;
    /** Of an iteration its items as `iterator_selector`; of a loop the first values of its variables. */
    readonly inputs: Json;
    readonly at: number;
  };
};

/** A pass through the nodes of an iteration or a loop began. `path` is that of the container; nodes within have the pass in theirs. */
export type PassStarted = {
  readonly type: 'PassStarted';
  readonly data: NodeVisit & { /** From 0. */ readonly pass: number; readonly at: number };
};

export type NodeFinished = {
  readonly type: 'NodeFinished';
  readonly data: NodeVisit & {
    readonly index: number;
    readonly status: NodeStatus;
    /** Null for effect nodes, whose NodeStarted has them. */
    readonly inputs: Json;
    /** Empty for the start node, whose outputs are the run's inputs, sys.* and env.* as RunStarted has them. */
    readonly outputs: Json;
    /** Which outgoing edges are taken: those with this sourceHandle. Null: none (the run fails here). */
    readonly handle: string | null;
    /** Variables of others that it changed, with their new values: of the conversation, or of a loop around it. */
    readonly writes?: readonly (readonly [selector: readonly string[], value: Json])[];
    readonly error: { readonly message: string; readonly type: string } | null;
    /** Null for inline nodes. */
    readonly effectId: string | null;
    readonly usage: Usage | null;
    readonly reused: boolean;
    /** Milliseconds of the effect itself, 0 for inline nodes. */
    readonly elapsedMs: number;
    readonly startedAt: number;
    readonly at: number;
  };
};

/** From any process; the owner ends the run. */
export type RunStopRequested = { readonly type: 'RunStopRequested'; readonly data: { readonly reason: string; readonly at: number } };

/**
 * The owner leaves the run while all that it waits for is time or a person: it gives the run up, and whoever takes it over goes on
 * from its events.
 */
export type RunPaused = {
  readonly type: 'RunPaused';
  readonly data: {
    /** What is waited for, in words. */
    readonly reason: string;
    /** Nodes that wait for a person. Absent in runs of earlier versions. */
    readonly nodes?: readonly string[];
    /** When the wait ends by itself, milliseconds since 1970; null when somebody must end it. */
    readonly until: number | null;
    readonly at: number;
  };
};

/** The first event of the owner that goes on with a paused run. */
export type RunResumed = { readonly type: 'RunResumed'; readonly data: { readonly at: number } };

/** A result that came after the stop: it changes nothing, but was paid for. */
export type EffectDiscarded = {
  readonly type: 'EffectDiscarded';
  readonly data: NodeVisit & { readonly effectId: string; readonly usage: Usage; readonly at: number };
};

export type RunFinished = {
  readonly type: 'RunFinished';
  readonly data: {
    readonly status: FinishedRunStatus;
    readonly outputs: Json;
    readonly error: string | null;
    readonly exceptionsCount: number;
    readonly totalSteps: number;
    readonly usage: Usage;
    /** Effects answered from an equal one. */
    readonly reused: number;
    /** Milliseconds spent in effects themselves, without waiting for a slot; parallel ones add up. */
    readonly effectMs: number;
    readonly elapsedMs: number;
    readonly at: number;
  };
};

/** What may differ between two tellings of one fact: when it happened, and how long it took. */
export const RUN_EVENT_TIMES: readonly string[] = ['at', 'startedAt', 'elapsedMs', 'effectMs'];

/** The facts of a run in the order the interpreter consumed them: the run's stream. */
export type RunEvent =
  | RunStarted
  | NodeStarted
  | NodeContinued
  | NodeRetried
  | ContainerStarted
  | PassStarted
  | NodeFinished
  | RunPaused
  | RunResumed
  | RunStopRequested
  | EffectDiscarded
  | RunFinished;
