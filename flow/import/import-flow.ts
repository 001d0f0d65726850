import { encodeValue, isObject, type ObjectValue, type Value } from '../../schemas/core.ts';
import { dslSchema, type Dsl } from '../../schemas/index.ts';
import { newestCompiler } from '../compilers.ts';
import type { Plan } from '../plan/plan.ts';
import { meaningOf, versionOf, type DefinitionNode, type FlowDefinition } from './definition.ts';
import { firstIssue } from './issues.ts';
import { readYaml, toYamlPlain, valueOfPlain } from './yaml-values.ts';

/** Newest app DSL version whose fields are known here. Newer files are imported with a warning. */
const KNOWN_DSL_VERSION = '0.6.0';

export type ImportedFlow = {
  readonly definition: FlowDefinition;
  readonly version: string;
  readonly meaningHash: string;
  readonly plan: Plan;
  /** One sentence each: what will not work or differ. */
  readonly warnings: readonly string[];
};
export type ImportResult = { readonly ok: true; readonly flow: ImportedFlow } | { readonly ok: false; readonly message: string };

/**
 * Imports the text of a Dify DSL file. Never refuses on the file's version: most files in the wild are old. `flowName` overrides
 * `app.name`. A failure's message is one sentence without the file's name.
 */
export function importFlow(text: string, options: { readonly flowName?: string } = {}): ImportResult {
  const yaml = readYaml(text);
  if (!yaml.ok) return { ok: false, message: `it is not valid YAML: ${yaml.message}` };
  if (!isObject(yaml.value)) return { ok: false, message: 'it is not a Dify app file: a mapping with "app" and "workflow" was expected' };
  if (!yaml.value.has('app')) return { ok: false, message: 'it is not a Dify app file: it has no "app" section' };
  const parsed = dslSchema.safeParse(toYamlPlain(yaml.value));
  if (!parsed.success) return { ok: false, message: `it is not a valid Dify app file: ${firstIssue(parsed.error)}` };
  if (parsed.data.kind === 'rag_pipeline')
    return { ok: false, message: 'it is a knowledge pipeline (kind: rag_pipeline), which is not an app' };
  if (parsed.data.workflow === undefined || parsed.data.workflow === null) {
    return {
      ok: false,
      message: `it has no "workflow" section: only apps of mode workflow or advanced-chat can run here, this one is "${parsed.data.app.mode}"`,
    };
  }
  const { definition, warnings } = define(parsed.data, yaml.value, options.flowName);
  const version = versionOf(definition);
  const compiled = newestCompiler()(definition, version);
  if (!compiled.ok) return compiled;
  return {
    ok: true,
    flow: { definition, version, meaningHash: meaningOf(definition), plan: compiled.plan, warnings: [...warnings, ...compiled.warnings] },
  };
}

function define(
  dsl: Dsl,
  raw: ObjectValue,
  flowName: string | undefined,
): { readonly definition: FlowDefinition; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const workflow = dsl.workflow;
  const graph = workflow?.graph;
  const rawNodes = listAt(raw, 'workflow', 'graph', 'nodes');
  const nodes = (graph?.nodes ?? []).map((node, i) => defineNode(node, rawNodes[i]));
  const dslVersion = dsl.version ?? '0.1.0';
  if (isNewer(dslVersion, KNOWN_DSL_VERSION)) {
    warnings.push(
      `the file's DSL version ${dslVersion} is newer than ${KNOWN_DSL_VERSION}, the newest known here: fields it added are ignored`,
    );
  }
  for (const variable of workflow?.environment_variables ?? []) {
    if (variable.value_type === 'secret' && variable.value !== '' && variable.value !== null && variable.value !== undefined) {
      warnings.push(
        `the value of secret "${variable.name}" was not imported: secrets are read from RISKFLOW_SECRET_${variable.name} when the flow runs`,
      );
    }
  }
  const definition: FlowDefinition = {
    name: flowName ?? (dsl.app.name === '' ? 'unnamed' : dsl.app.name),
    mode: dsl.app.mode === '' ? 'workflow' : dsl.app.mode,
    dslVersion,
    description: dsl.app.description,
    nodes: nodes.filter((node) => node.type !== ''),
    notes: nodes.filter((node) => node.type === ''),
    edges: (graph?.edges ?? []).map((edge) => ({ source: edge.source, target: edge.target, handle: edge.sourceHandle ?? 'source' })),
    environment: (workflow?.environment_variables ?? []).map((variable) => ({
      name: variable.name,
      type: variable.value_type ?? 'string',
      value: variable.value_type === 'secret' ? null : encodeValue(valueOfPlain(variable.value)),
    })),
    conversation: (workflow?.conversation_variables ?? []).map((variable) => ({
      name: variable.name,
      type: variable.value_type ?? 'string',
      value: encodeValue(valueOfPlain(variable.value)),
    })),
    features: encodeValue(valueOfPlain(workflow?.features ?? {})),
  };
  return { definition, warnings };
}

type DslNode = NonNullable<Dsl['workflow']>['graph']['nodes'][number];

function defineNode(node: DslNode, raw: Value | undefined): DefinitionNode {
  const rawNode = raw !== undefined && isObject(raw) ? raw : new Map<string, Value>();
  const layout = new Map([...rawNode].filter(([key]) => key !== 'id' && key !== 'data' && key !== 'parentId'));
  const isNote = node.type === 'custom-note';
  return {
    id: node.id,
    type: isNote ? '' : (node.data.type ?? ''),
    parentId: node.parentId ?? parentOf(rawNode.get('data')),
    data: encodeValue(rawNode.get('data') ?? null),
    layout: encodeValue(layout),
  };
}

/** Old files name the enclosing container in the node's data. */
function parentOf(data: Value | undefined): string | null {
  if (data === undefined || !isObject(data)) return null;
  const id = data.get('iteration_id') ?? data.get('loop_id') ?? null;
  return typeof id === 'string' && id !== '' ? id : null;
}

function listAt(value: Value, ...path: readonly string[]): readonly Value[] {
  const found = path.reduce<Value>((inner, key) => (isObject(inner) ? (inner.get(key) ?? null) : null), value);
  return Array.isArray(found) ? (found as readonly Value[]) : [];
}

function isNewer(version: string, known: string): boolean {
  const [a, b] = [version, known].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
