import { decodeValues, NO_USAGE, type RunFinished, type RunPaused, type RunStarted, type Usage, type Values } from '../../schemas/core.ts';
import type { Plan } from '../plan/plan.ts';

export const NodeProgress = { waiting: 0, ready: 1, running: 2, finished: 3, skipped: 4 } as const;
export type NodeProgress = (typeof NodeProgress)[keyof typeof NodeProgress];
export const EdgeProgress = { unknown: 0, taken: 1, skipped: 2 } as const;
export type EdgeProgress = (typeof EdgeProgress)[keyof typeof EdgeProgress];

/** A node whose effect is under way. */
export type RunningNode = {
  readonly node: number;
  readonly index: number;
  readonly attempt: number;
  readonly startedAt: number;
  /** When its present attempt may begin: later than it was asked for when it is a retry. */
  readonly notBefore: number;
  readonly contentKey: string | null;
};

/** Everything the interpreter knows of a run; a fold of the run's events. */
export type RunState = {
  readonly started: RunStarted['data'] | null;
  /** The pool's variables that belong to no node, by namespace (sys, env, conversation), then name. */
  readonly shared: ReadonlyMap<string, Values>;
  /** The pool's variables of each node, which it put there when it finished; null before. */
  readonly produced: readonly (Values | null)[];
  readonly nodes: readonly NodeProgress[];
  readonly edges: readonly EdgeProgress[];
  /** Nodes that may start, first in first out. */
  readonly ready: readonly number[];
  /** By effectId. */
  readonly running: ReadonlyMap<string, RunningNode>;
  /** How often each content was asked for; empty where effects have no content keys. */
  readonly asked: ReadonlyMap<string, number>;
  readonly outputs: Values;
  readonly steps: number;
  readonly exceptions: number;
  readonly usage: Usage;
  readonly reused: number;
  readonly effectMs: number;
  /** The error of the node that fails the run. */
  readonly failure: string | null;
  readonly stopReason: string | null;
  /** Its last owner left it in a wait, and nobody has gone on with it yet. */
  readonly paused: RunPaused['data'] | null;
  readonly finished: RunFinished['data'] | null;
  /** Events applied so far: the number of the last one. */
  readonly seq: number;
};

/** The same, while one step works on it. Never leaves the engine. */
export type Draft = {
  -readonly [K in keyof RunState]: RunState[K] extends readonly (infer T)[]
    ? T[]
    : RunState[K] extends ReadonlyMap<infer K2, infer V>
      ? Map<K2, V>
      : RunState[K];
};

export function initialState(plan: Plan): RunState {
  return {
    started: null,
    shared: new Map(),
    produced: new Array<null>(plan.nodes.length).fill(null),
    nodes: new Array<NodeProgress>(plan.nodes.length).fill(NodeProgress.waiting),
    edges: new Array<EdgeProgress>(plan.edges.length).fill(EdgeProgress.unknown),
    ready: [],
    running: new Map(),
    asked: new Map(),
    outputs: new Map(),
    steps: 0,
    exceptions: 0,
    usage: NO_USAGE,
    reused: 0,
    effectMs: 0,
    failure: null,
    stopReason: null,
    paused: null,
    finished: null,
    seq: 0,
  };
}

/**
 * One copy per step, so that a step of many inline nodes costs one copy and the state given in is left as it was. What grows with the plan
 * is in arrays by node or edge: they are copied some fifty times faster than maps, and a wide fan-out makes as many steps as it has nodes.
 */
export const draftOf = (state: RunState): Draft => ({
  ...state,
  shared: new Map(state.shared),
  produced: state.produced.slice(),
  nodes: state.nodes.slice(),
  edges: state.edges.slice(),
  ready: state.ready.slice(),
  running: new Map(state.running),
  asked: new Map(state.asked),
  outputs: new Map(state.outputs),
});

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: addKnown(a.inputTokens, b.inputTokens),
    outputTokens: addKnown(a.outputTokens, b.outputTokens),
    cost: addKnown(a.cost, b.cost),
    calls: a.calls + b.calls,
  };
}

const addKnown = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);

export const sharedOf = (started: RunStarted['data'], plan: Plan): Map<string, Values> => {
  const shared = new Map<string, Values>();
  shared.set('sys', decodeValues(started.system));
  shared.set('env', decodeValues(started.environment));
  const conversation = Object.entries(plan.conversation);
  if (conversation.length > 0) shared.set('conversation', decodeValues(Object.fromEntries(conversation)));
  return shared;
};
