import type { Json } from '../../schemas/core.ts';
import type { NodeBehaviour } from '../nodes/configs.ts';

export type PlanNode = {
  readonly id: string;
  /** The type as the DSL spells it. */
  readonly type: string;
  readonly title: string;
  readonly behaviour: NodeBehaviour;
  /** Takes only the edges whose handle the node chose; other nodes take all. */
  readonly branches: boolean;
  readonly onError: 'fail-run' | 'fail-branch' | 'default-value';
  /** Encoded outputs for `default-value`. */
  readonly defaults: Json;
  /** Extra attempts after the first, and the milliseconds between. */
  readonly retry: { readonly times: number; readonly intervalMs: number };
  /** Hash of the node's data without title, description, position and retry. */
  readonly meaning: string;
  /** The scope it runs in, by its place in the plan, and its own place there. */
  readonly scope: number;
  readonly slot: number;
  /** The scope of the nodes within it; null unless it is an iteration or a loop. */
  readonly body: number | null;
  /** Indexes of edges. */
  readonly outgoing: readonly number[];
  readonly incoming: readonly number[];
};

/** `slot`: its place in its scope. */
export type PlanEdge = { readonly source: number; readonly target: number; readonly handle: string; readonly slot: number };

/** Nodes that run together: those at the top, or those within one iteration or loop. An edge never leaves its scope. */
export type PlanScope = {
  /** The iteration or loop around it; null at the top. */
  readonly container: number | null;
  readonly root: number;
  readonly nodeCount: number;
  readonly edgeCount: number;
};

/** A graph compiled for running: plain data, so that it can cross a process boundary. Nodes unreachable from the start are left out. */
export type Plan = {
  readonly planVersion: number;
  readonly flow: string;
  readonly flowVersion: string;
  /** `workflow` or `advanced-chat`. */
  readonly mode: string;
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  /** The first is the top. */
  readonly scopes: readonly PlanScope[];
  readonly root: number;
  /** Encoded values by name; secrets as their names. */
  readonly environment: Readonly<Record<string, { readonly value: Json } | { readonly secret: string }>>;
  readonly conversation: Readonly<Record<string, Json>>;
  /** The declared type of each variable of the conversation: string, number, array[object] … */
  readonly conversationTypes: Readonly<Record<string, string>>;
  /** Some variable of the environment is a secret. */
  readonly hasSecrets: boolean;
  /** A node may wait for a person or a timer. */
  readonly mayWait: boolean;
};
