import { flowRaces, inspectFlow, needsOf, nodeTitle, type DefinitionNode, type FlowIssue, type NodeNeeds } from '../../flow/index.ts';
import { resolveModel } from '../../models/index.ts';
import type { Settings } from '../settings.ts';
import { modelSettings } from '../model-router.ts';
import { modelWarnings } from '../model-warnings.ts';
import { isMetHere } from './code/known-imports.ts';
import { allNeeds, mappingFor, type MappingFile, type Needs } from './flow-mapping-file.ts';
import { readFlowText } from './flows.ts';

/** `error`: the flow cannot be imported for it. `warning`: it can, and this is worth knowing before a run. */
export type Said = {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** A run that reaches the node fails. */
  readonly fails: boolean;
};
export type NodeReport = {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly state: 'ok' | 'warning' | 'error';
  readonly said: readonly Said[];
};
export type FlowReport = {
  /** Null when the file could not be read at all. */
  readonly flow: string | null;
  readonly mode: string | null;
  /** Null when the file cannot be imported. */
  readonly version: string | null;
  readonly nodes: readonly NodeReport[];
  /** About the file as a whole. */
  readonly said: readonly Said[];
  readonly races: readonly string[];
  /** What of the flow a mapping file can replace. */
  readonly needs: Needs;
};

export type ValidateRequest = {
  readonly path: string;
  readonly mapping?: MappingFile;
  /** Whether there is a knowledge base of that name or id here. Default: there are none. */
  readonly hasDataset?: (name: string) => boolean;
};

/**
 * All that is to be said about a flow file, by node: what cannot be read, what this version cannot run, and which models, knowledge bases
 * and tools are not there. Whatever the file holds, this ends with a report. @throws RiskflowError `not_found` when there is no such file
 */
export async function validateFlowFile(
  settings: Settings,
  { path, mapping, hasDataset = () => false }: ValidateRequest,
): Promise<FlowReport> {
  const text = await readFlowText(path);
  const options = mapping === undefined ? {} : { mapping: mappingFor(mapping, settings, { models: true }) };
  const { definition, flow, issues: all } = inspectFlow(text, options);
  if (definition === null) return { ...NOTHING, said: all.map(saidOf) };
  const isMet = await isMetHere(
    settings,
    all.map(({ message }) => message),
  );
  const issues = all.filter(({ message }) => !isMet(message));
  const missing = new Map(needsOf(definition).map((needs) => [needs.node.id, missingOf(needs, settings, hasDataset)]));
  const params = flow === null ? [] : modelWarnings(flow.plan);
  const ids = new Set([...definition.nodes.map(({ id }) => id)]);
  return {
    flow: definition.name,
    mode: definition.mode,
    version: flow?.version ?? null,
    nodes: definition.nodes.map((node) =>
      reportOf(node, [...issuesOf(node, issues), ...(missing.get(node.id) ?? []), ...paramsOf(node, params)]),
    ),
    said: issues.filter(({ nodeId }) => nodeId === null || !ids.has(nodeId)).map(saidOf),
    races: flow === null ? [] : flowRaces(flow.plan),
    needs: allNeeds(definition),
  };
}

const NOTHING = { flow: null, mode: null, version: null, nodes: [], races: [], needs: { models: [], datasets: [], tools: [] } } as const;

/** Nodes of kinds that this version cannot run are said to fail in these words (flow/plan/compile-behaviour.ts). */
const FAILS = /a run that reaches it fails/;
const saidOf = ({ severity, message }: FlowIssue): Said => ({ severity, message, fails: severity === 'error' || FAILS.test(message) });

const issuesOf = (node: DefinitionNode, issues: readonly FlowIssue[]): readonly Said[] =>
  issues.filter(({ nodeId }) => nodeId === node.id).map(saidOf);

/** The warnings about parameters of models come with the name of their node. */
const paramsOf = (node: DefinitionNode, warnings: readonly string[]): readonly Said[] => {
  const title = nodeTitle(node);
  const prefix = `node ${title === node.id ? `"${node.id}"` : `"${title}" (${node.id})`}: `;
  return warnings.flatMap((warning) =>
    warning.startsWith(prefix) ? [{ severity: 'warning', message: warning.slice(prefix.length), fails: false }] : [],
  );
};

function reportOf(node: DefinitionNode, said: readonly Said[]): NodeReport {
  const state = said.some(({ severity }) => severity === 'error') ? 'error' : said.length > 0 ? 'warning' : 'ok';
  return { id: node.id, title: nodeTitle(node), type: node.type, state, said };
}

const MAP = 'say with --mapping what stands for it here';

function missingOf({ models, datasets }: NodeNeeds, settings: Settings, hasDataset: (name: string) => boolean): readonly Said[] {
  const warning = (message: string): Said => ({ severity: 'warning', message, fails: true });
  const ofModels = models.flatMap((model) => {
    if (model.provider === '' && model.name === '') return [warning('it names no model: choose one in Dify, or pin the node')];
    const resolved = resolveModel(model, modelSettings(settings));
    return resolved.ok ? [] : [warning(`model ${model.provider}/${model.name}: ${resolved.problem.message}; ${resolved.problem.hint}`)];
  });
  const ofDatasets = datasets.filter((id) => !hasDataset(id)).map((id) => warning(`knowledge base "${id}": there is none here; ${MAP}`));
  // Tools are the nodes' own to tell of, when they are compiled.
  return [...ofModels, ...ofDatasets];
}

/** Whether a run of the flow fails for certain where it reaches some node. */
export const wouldFail = ({ nodes, said }: FlowReport): boolean =>
  said.some(({ fails }) => fails) || nodes.some((node) => node.said.some(({ fails }) => fails));
