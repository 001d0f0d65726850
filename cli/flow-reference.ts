import { existsSync } from 'node:fs';
import type { PinnableNode } from './options/pins.ts';
import type { Work } from './session.ts';
import type { PublishedFlow } from '../runtime/index.ts';

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

/** Reads a flow file, or finds a published flow. Nothing is written. @throws RiskflowError */
export async function readFlow({ runtime, context }: Work, reference: string): Promise<NamedFlow> {
  const isFile = /\.ya?ml$/i.test(reference) || existsSync(reference);
  if (!isFile) {
    const { plan, warnings } = await runtime.resolveFlow(context, reference);
    return { plan, nodes: plan.nodes, warnings, isFile };
  }
  const { plan, warnings, definition } = (await runtime.readFlowFile(reference)).flow;
  const reached = new Set(plan.nodes.map((node) => node.id));
  const others = definition.nodes.filter((node) => !reached.has(node.id)).map(({ id, type }) => ({ id, type, title: '' }));
  return { plan, nodes: [...plan.nodes, ...others], warnings, isFile };
}

/** Names of the inputs a flow takes; empty when its root is no start node. */
export function inputNames(plan: Plan): readonly string[] {
  const behaviour = plan.nodes[plan.root]?.behaviour;
  return behaviour?.kind === 'start' ? behaviour.config.variables.map((variable) => variable.name) : [];
}
