import { existsSync } from 'node:fs';
import type { PublishedFlow } from '../runtime/index.ts';
import type { PinnableNode } from './options/pins.ts';
import { loadRuntime, type Work } from './session.ts';

type Plan = PublishedFlow['plan'];

/** A flow that the user named, looked at before anything is written. */
export type NamedFlow = {
  readonly plan: Plan;
  /** All that a pin may name, also nodes that cannot be reached. */
  readonly nodes: readonly PinnableNode[];
  readonly warnings: readonly string[];
  /** True when it is a file, whose content may not be published yet. */
  readonly isFile: boolean;
};

/** Reads the flow file that is meant; undefined when a published flow is. Nothing is written. @throws RiskflowError */
export async function readFlowFile(reference: string): Promise<NamedFlow | undefined> {
  if (!/\.ya?ml$/i.test(reference) && !existsSync(reference)) return undefined;
  const runtime = await loadRuntime();
  const { plan, warnings, definition } = (await runtime.readFlowFile(reference)).flow;
  const reached = new Set(plan.nodes.map((node) => node.id));
  const others = definition.nodes.filter((node) => !reached.has(node.id)).map(({ id, type }) => ({ id, type, title: '' }));
  return { plan, nodes: [...plan.nodes, ...others], warnings, isFile: true };
}

/** Finds a published flow. @throws RiskflowError that names those there are */
export async function findFlow({ runtime, context }: Work, reference: string): Promise<NamedFlow> {
  const { plan, warnings } = await runtime.resolveFlow(context, reference);
  return { plan, nodes: plan.nodes, warnings, isFile: false };
}

/** Names of the inputs a flow takes; empty when its root is no start node. */
export function inputNames(plan: Plan): readonly string[] {
  const behaviour = plan.nodes[plan.root]?.behaviour;
  return behaviour?.kind === 'start' ? behaviour.config.variables.map((variable) => variable.name) : [];
}
