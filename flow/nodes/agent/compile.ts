import { encodeValue, encodeValues, type ToolDescription, type Value } from '../../../schemas/core.ts';
import { agentDataSchema, agentModelSchema, agentToolSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileModel } from '../../plan/compile-model.ts';
import { compileVariableTemplate } from '../../text/index.ts';
import { builtInTool, isFlowTool } from '../../tools/catalogue.ts';
import { compileMemory } from '../model-memory.ts';
import type { AgentConfig, AgentTool } from './config.ts';

/** Dify's own default. */
const ITERATIONS = 3;
const MOST_ITERATIONS = 99;

type Parameters = Readonly<Record<string, unknown>>;

export function compileAgent(data: YamlPlain): BehaviourResult {
  const parsed = agentDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const parameters = parsed.data.agent_parameters ?? {};
  const model = agentModelSchema.safeParse(valueOf(parameters, 'model') ?? {});
  if (!model.success) return { ok: false, message: `agent_parameters.model: ${firstIssue(model.error)}` };
  const tools: AgentTool[] = [];
  const warnings: string[] = [];
  const given = valueOf(parameters, 'tools');
  for (const [at, item] of (Array.isArray(given) ? (given as readonly unknown[]) : []).entries()) {
    const tool = compileAgentTool(item, tools);
    if ('message' in tool) return { ok: false, message: `agent_parameters.tools[${at}]: ${tool.message}` };
    if (tool.warning !== null) warnings.push(tool.warning);
    if (tool.tool !== null) tools.push(tool.tool);
  }
  const strategy = strategyOf(parsed.data.agent_strategy_name);
  if (strategy === null) {
    const reason = `the agent strategy "${parsed.data.agent_strategy_name}" is not known here: there are function_calling and ReAct`;
    return { ok: true, behaviour: { kind: 'unsupported', config: { reason } }, warnings: [`${reason}; a run that reaches it fails`] };
  }
  const wanted = Number(valueOf(parameters, 'maximum_iterations') ?? valueOf(parameters, 'max_iterations') ?? ITERATIONS);
  const config: AgentConfig = {
    model: compileModel({ ...model.data, name: model.data.name === '' ? (model.data.model ?? '') : model.data.name }),
    strategy,
    tools,
    instruction: compileVariableTemplate(textOf(parameters, 'instruction')),
    query: queryOf(parameters),
    maxIterations: Math.min(Math.max(Number.isFinite(wanted) ? Math.floor(wanted) : ITERATIONS, 1), MOST_ITERATIONS),
    memory: compileMemory(parsed.data.memory, true),
  };
  return { ok: true, warnings, behaviour: { kind: 'agent', config } };
}

/** The value of a strategy's parameter, bare or with its binding. */
function valueOf(parameters: Parameters, name: string): unknown {
  const bound = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  return typeof bound === 'object' && bound !== null && !Array.isArray(bound) && 'value' in bound ? bound.value : bound;
}

const textOf = (parameters: Parameters, name: string): string => {
  const value = valueOf(parameters, name);
  return typeof value === 'string' ? value : '';
};

function queryOf(parameters: Parameters): AgentConfig['query'] {
  const value = valueOf(parameters, 'query');
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value;
  return compileVariableTemplate(typeof value === 'string' ? value : '{{#sys.query#}}');
}

/** Files name the strategies in several ways; none is Dify's first one. */
function strategyOf(name: string): AgentConfig['strategy'] | null {
  const plain = name.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (plain === '' || plain.includes('functioncall') || plain.includes('toolcall')) return 'function_calling';
  return plain.includes('react') ? 'react' : null;
}

type CompiledTool = { readonly tool: AgentTool | null; readonly warning: string | null } | { readonly message: string };

function compileAgentTool(item: unknown, before: readonly AgentTool[]): CompiledTool {
  const parsed = agentToolSchema.safeParse(item);
  if (!parsed.success) return { message: firstIssue(parsed.error) };
  const { enabled, type, provider_name, provider_id, tool_name, parameters, settings, extra, schemas } = parsed.data;
  if (enabled === false) return { tool: null, warning: null };
  const provider = provider_name === '' ? provider_id : provider_name;
  const known = builtInTool(provider, tool_name);
  const isFlow = isFlowTool(type, provider);
  if (known === undefined && !isFlow)
    return { tool: null, warning: `there is no tool "${provider}/${tool_name}" here, and the agent does without it: map it under "tools"` };
  const fixed = new Map<string, Value>();
  for (const [name, setting] of Object.entries({ ...settings, ...parameters })) {
    const value = fixedValue(setting);
    if (value !== undefined) fixed.set(name, value);
  }
  const open = known === undefined ? (schemas ?? []).filter((schema) => schema.form !== 'form').map(asParameter) : known.parameters;
  const told = {
    name: callName(tool_name, before),
    description: [extra?.description, known?.description].find((text) => text !== undefined && text !== '') ?? tool_name,
    parameters: schemaOf(open.filter(({ name }) => !fixed.has(name))),
  };
  return { tool: { tool: { providerType: type, provider, name: tool_name }, told, fixed: encodeValues(fixed) }, warning: null };
}

/** What stands fixed; undefined is left to the model. */
function fixedValue(setting: unknown): Value | undefined {
  if (setting === null || setting === undefined) return undefined;
  if (typeof setting !== 'object' || Array.isArray(setting)) return valueOfPlain(setting);
  if ('auto' in setting && Number(setting.auto) === 1) return undefined;
  const inner = 'value' in setting ? setting.value : setting;
  return inner === null || inner === undefined ? undefined : inner === setting ? valueOfPlain(setting) : fixedValue(inner);
}

type Parameter = Pick<ToolDescription['parameters'][number], 'name' | 'type' | 'description' | 'required'> & {
  readonly options?: readonly string[];
};

const TYPES: Readonly<Record<string, Parameter['type']>> = { number: 'number', boolean: 'boolean', object: 'object', array: 'array' };

const asParameter = (schema: {
  readonly name: string;
  readonly type: string;
  readonly required?: boolean | null | undefined;
  readonly llm_description?: string | null | undefined;
}): Parameter => ({
  name: schema.name,
  type: TYPES[schema.type] ?? 'string',
  description: schema.llm_description ?? '',
  required: schema.required === true,
});

const schemaOf = (parameters: readonly Parameter[]): AgentTool['told']['parameters'] => ({
  type: 'object',
  properties: Object.fromEntries(
    parameters.map(({ name, type, description, options }) => [
      name,
      { type, description, ...(options === undefined ? {} : { enum: encodeValue(options) }) },
    ]),
  ),
  required: parameters.filter(({ required }) => required).map(({ name }) => name),
});

/** Models take few characters in the names of tools, and each name once. */
function callName(name: string, before: readonly AgentTool[]): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 60);
  const taken = before.filter(({ told }) => told.name === plain || told.name.startsWith(`${plain}_`)).length;
  return taken === 0 ? plain : `${plain}_${taken + 1}`;
}
