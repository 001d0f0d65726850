import { decodeValues, NO_USAGE, type RunFinished, type RunStarted, type Usage, type Values } from '../../schemas/core.ts';
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
  readonly contentKey: string | null;
};

/** Everything the interpreter knows of a run; a fold of the run's events. */
export type RunState = {
  readonly started: RunStarted['data'] | null;
  /** Variables by namespace (node id, sys, env, conversation), then name. */
  readonly pool: ReadonlyMap<string, Values>;
  readonly nodes: readonly NodeProgress[];
  readonly edges: readonly EdgeProgress[];
  /** Nodes that may start, first in first out. */
  readonly ready: readonly number[];
  /** By effectId. */
  readonly running: ReadonlyMap<string, RunningNode>;
  /** How often each content was asked for. */
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
    pool: new Map(),
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
    finished: null,
    seq: 0,
  };
}

/** One copy per step, so that a step of many inline nodes costs one copy and the state given in is left as it was. */
export const draftOf = (state: RunState): Draft => ({
  ...state,
  pool: new Map(state.pool),
  nodes: [...state.nodes],
  edges: [...state.edges],
  ready: [...state.ready],
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

export const poolOf = (started: RunStarted['data'], plan: Plan): Map<string, Values> => {
  const pool = new Map<string, Values>();
  pool.set('sys', decodeValues(started.system));
  pool.set('env', decodeValues(started.environment));
  const conversation = Object.entries(plan.conversation);
  if (conversation.length > 0) pool.set('conversation', decodeValues(Object.fromEntries(conversation)));
  const root = plan.nodes[plan.root];
  if (root !== undefined) pool.set(root.id, decodeValues(started.inputs));
  return pool;
};
