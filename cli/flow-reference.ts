import { existsSync } from 'node:fs';
import type { MappingFile, PublishedFlow, Settings } from '../runtime/index.ts';
import type { PinnableNode } from './options/pins.ts';
import { loadRuntime, type Runtime, type Work } from './session.ts';

type Plan = PublishedFlow['plan'];

/** A flow that the user named, looked at before anything is written. */
export type NamedFlow = {
  readonly plan: Plan;
  /** All that a pin may name, also nodes that cannot be reached. */
  readonly nodes: readonly PinnableNode[];
  readonly warnings: readonly string[];
  /** True when it is a file, whose content may not be published yet. */
  readonly isFile: boolean;
  /** The models of a mapping file that the flow asks for; `--map-model` says more of the same kind. */
  readonly modelMap: Readonly<Record<string, string>>;
};

/** A mapping file and the settings by which its models are read. */
export type Mapping = { readonly file: MappingFile; readonly settings: Settings };

/** Reads the flow file that is meant; undefined when a published flow is. Nothing is written. @throws RiskflowError */
export async function readFlowFile(reference: string, mapping?: Mapping): Promise<NamedFlow | undefined> {
  if (!/\.ya?ml$/i.test(reference) && !existsSync(reference)) return undefined;
  const runtime = await loadRuntime();
  const { plan, warnings, definition } = (await runtime.readFlowFile(reference, await importOptions(mapping))).flow;
  const reached = new Set(plan.nodes.map((node) => node.id));
  const others = definition.nodes.filter((node) => !reached.has(node.id)).map(({ id, type }) => ({ id, type, title: '' }));
  const modelMap = mapping === undefined ? {} : runtime.modelMapFor(plan, mapping.file, mapping.settings);
  return { plan, nodes: [...plan.nodes, ...others], warnings, isFile: true, modelMap };
}

/** How a file is imported for a run: its models are replaced in the run, and not in the version of the flow. */
export async function importOptions(mapping: Mapping | undefined): Promise<{ readonly mapping?: ReturnType<Runtime['mappingFor']> }> {
  if (mapping === undefined) return {};
  return { mapping: (await loadRuntime()).mappingFor(mapping.file, mapping.settings, { models: false }) };
}

/** Finds a published flow. @throws RiskflowError that names those there are */
export async function findFlow({ runtime, context }: Work, reference: string): Promise<NamedFlow> {
  const { plan, warnings } = await runtime.resolveFlow(context, reference);
  return { plan, nodes: plan.nodes, warnings, isFile: false, modelMap: {} };
}

/** Names of the inputs a flow takes; null where its root takes any, as the event of a plugin has them. */
export function inputNames(plan: Plan): readonly string[] | null {
  const behaviour = plan.nodes[plan.root]?.behaviour;
  if (behaviour?.kind !== 'start') return [];
  return behaviour.config.trigger?.kind === 'plugin' ? null : behaviour.config.variables.map((variable) => variable.name);
}
