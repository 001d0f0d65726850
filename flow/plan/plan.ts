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
  /** Indexes of edges. */
  readonly outgoing: readonly number[];
  readonly incoming: readonly number[];
};

export type PlanEdge = { readonly source: number; readonly target: number; readonly handle: string };

/** A graph compiled for running: plain data, so that it can cross a process boundary. Nodes unreachable from the start are left out. */
export type Plan = {
  readonly planVersion: number;
  readonly flow: string;
  readonly flowVersion: string;
  /** `workflow` or `advanced-chat`. */
  readonly mode: string;
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  readonly root: number;
  /** Encoded values by name; secrets as their names. */
  readonly environment: Readonly<Record<string, { readonly value: Json } | { readonly secret: string }>>;
  readonly conversation: Readonly<Record<string, Json>>;
  /** Some variable of the environment is a secret. */
  readonly hasSecrets: boolean;
  /** A node may wait for a person or a timer. */
  readonly mayWait: boolean;
};
