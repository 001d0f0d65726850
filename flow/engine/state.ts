import {
  decodeValues,
  NO_USAGE,
  type ContainerPath,
  type Json,
  type RunFinished,
  type RunPaused,
  type RunStarted,
  type Usage,
  type Value,
  type Values,
} from '../../schemas/core.ts';
import type { Plan } from '../plan/plan.ts';

export const NodeProgress = { waiting: 0, ready: 1, running: 2, finished: 3, skipped: 4 } as const;
export type NodeProgress = (typeof NodeProgress)[keyof typeof NodeProgress];
export const EdgeProgress = { unknown: 0, taken: 1, skipped: 2 } as const;
export type EdgeProgress = (typeof EdgeProgress)[keyof typeof EdgeProgress];

/** A node that may start, or a container that is to be looked at again. */
export type Ready = { readonly frame: string; readonly node: number };

/** A node whose effect is under way. */
export type RunningNode = Ready & {
  readonly index: number;
  readonly attempt: number;
  readonly startedAt: number;
  /** When its present attempt may begin: later than it was asked for when it is a retry. */
  readonly notBefore: number;
  readonly contentKey: string | null;
  /** What it noted when it asked for more; null while it waits for its first answer. `turn` counts its questions from 1. */
  readonly memo: Json;
  readonly turn: number;
};

/**
 * One run of the nodes of a scope: of those at the top, or one pass of an iteration or loop. Its arrays are by the places of nodes and
 * edges in their scope.
 */
export type Frame = {
  readonly key: string;
  readonly path: ContainerPath;
  readonly scope: number;
  /** Key of the frame that its container runs in; null at the top. */
  readonly parent: string | null;
  /** The variables of each node, which it put into the pool when it finished; null before. */
  readonly produced: readonly (Values | null)[];
  readonly nodes: readonly NodeProgress[];
  readonly edges: readonly EdgeProgress[];
  /** How many of its nodes are ready or running. */
  readonly open: number;
  /** The variables of the container itself: item and index, or those of the loop. */
  readonly own: Values;
  /** Variables of the conversation as this pass changed them for itself; null where changes are for all. */
  readonly changes: Values | null;
  /** What its answer nodes said; null where they speak for the run at once. */
  readonly outputs: Values | null;
  /** The error of the node that failed it. */
  readonly failure: string | null;
  /** A loop-end node was reached. */
  readonly ended: boolean;
};

/** What a pass of an iteration gave; null when it failed. */
export type PassResult = { readonly value: Value } | null;

/** An iteration or loop under way. */
export type Container = Ready & {
  readonly index: number;
  readonly startedAt: number;
  /** The items of an iteration; null in a loop. */
  readonly items: readonly Value[] | null;
  readonly count: number;
  /** Passes begun so far: the number of the next one. */
  readonly begun: number;
  readonly running: number;
  /** By number of the pass; what has not ended yet is undefined. Empty in a loop. */
  readonly results: readonly (PassResult | undefined)[];
  /** What the answer nodes of the latest pass said, by its number. */
  readonly answers: { readonly pass: number; readonly outputs: Values } | null;
  readonly failure: string | null;
  /** It stands in `ready`. */
  readonly due: boolean;
  /** What is around it failed: it ends as soon as its passes have. */
  readonly dropped: boolean;
};

/** Everything the interpreter knows of a run; a fold of the run's events. */
export type RunState = {
  readonly started: RunStarted['data'] | null;
  /** The pool's variables that belong to no node, by namespace (sys, env, conversation), then name. */
  readonly shared: ReadonlyMap<string, Values>;
  /** By key; the top's is empty. */
  readonly frames: ReadonlyMap<string, Frame>;
  /** Iterations and loops under way, by the key of what they are. */
  readonly containers: ReadonlyMap<string, Container>;
  /** First in first out. */
  readonly ready: readonly Ready[];
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

type Mutable<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] extends ReadonlyMap<infer K2, infer V> ? Map<K2, V> : T[K];
};
export type DraftFrame = Omit<Frame, 'produced' | 'nodes' | 'edges' | 'open' | 'own' | 'changes' | 'outputs' | 'failure' | 'ended'> & {
  readonly produced: (Values | null)[];
  readonly nodes: NodeProgress[];
  readonly edges: EdgeProgress[];
  open: number;
  own: Values;
  changes: Values | null;
  outputs: Values | null;
  failure: string | null;
  ended: boolean;
};

/** The same, while one step works on it. Never leaves the engine. Its frames may be changed only through `ownFrame`. */
export type Draft = Omit<Mutable<RunState>, 'outputs'> & {
  outputs: Map<string, Value>;
  /** Keys of the frames that are copies already, and of the containers whose results are. */
  readonly copied: Set<string>;
};

export function initialState(plan: Plan): RunState {
  return {
    started: null,
    shared: new Map(),
    frames: new Map([['', newFrame(plan, { key: '', path: [], scope: 0, parent: null, own: new Map(), changes: null, outputs: null })]]),
    containers: new Map(),
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

export function newFrame(plan: Plan, given: Pick<Frame, 'key' | 'path' | 'scope' | 'parent' | 'own' | 'changes' | 'outputs'>): DraftFrame {
  const scope = plan.scopes[given.scope];
  return {
    ...given,
    produced: new Array<null>(scope?.nodeCount ?? 0).fill(null),
    nodes: new Array<NodeProgress>(scope?.nodeCount ?? 0).fill(NodeProgress.waiting),
    edges: new Array<EdgeProgress>(scope?.edgeCount ?? 0).fill(EdgeProgress.unknown),
    open: 0,
    failure: null,
    ended: false,
  };
}

/**
 * One copy per step, so that a step of many inline nodes costs one copy and the state given in is left as it was. What grows with the plan
 * is in arrays by node or edge, which are copied some fifty times faster than maps, and only for the frames that the step touches.
 */
export const draftOf = (state: RunState): Draft => ({
  ...state,
  shared: new Map(state.shared),
  frames: new Map(state.frames),
  containers: new Map(state.containers),
  ready: state.ready.slice(),
  running: new Map(state.running),
  asked: new Map(state.asked),
  outputs: new Map(state.outputs),
  copied: new Set(),
});

export function stateOf({ copied: _, ...state }: Draft): RunState {
  return state;
}

/** A frame that the step may change. */
export function ownFrame(draft: Draft, key: string): DraftFrame {
  const frame = draft.frames.get(key);
  if (frame === undefined) throw new FoldError(`the run has no pass "${key}" under way`);
  // What is in `copied` was put there as a draft by this very function or by the step that began the frame.
  if (draft.copied.has(key)) return frame as DraftFrame;
  const copy: DraftFrame = { ...frame, produced: frame.produced.slice(), nodes: frame.nodes.slice(), edges: frame.edges.slice() };
  draft.frames.set(key, copy);
  draft.copied.add(key);
  return copy;
}

/** A run's events do not fit its plan: a broken contract, not a user's mistake. */
export class FoldError extends Error {
  readonly code = 'fold_error';
}

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
