import { encodeValue, type ToolDescription } from '../../../schemas/core.ts';
import { toolDataSchema, toolInputSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileVariableTemplate } from '../../text/index.ts';
import { builtInTool, isFlowTool } from '../../tools/catalogue.ts';
import type { ToolArgument } from './config.ts';

type ArgumentResult = { readonly ok: true; readonly argument: ToolArgument | null } | { readonly ok: false; readonly message: string };

/**
 * Arguments come from the form (`tool_configurations`) and from the canvas (`tool_parameters`), which win. Both versions of the node have
 * them as bare values or with their binding.
 */
export function compileTool(data: YamlPlain): BehaviourResult {
  const parsed = toolDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { provider_type, provider_id, provider_name, tool_name, tool_parameters, tool_configurations } = parsed.data;
  const provider = provider_id === '' ? provider_name : provider_id;
  const known = builtInTool(provider, tool_name);
  const bound = new Map<string, ToolArgument>();
  for (const [field, inputs] of [
    ['tool_configurations', tool_configurations],
    ['tool_parameters', tool_parameters],
  ] as const) {
    for (const [name, input] of Object.entries(inputs ?? {})) {
      const result = compileArgument(name, input, known);
      if (!result.ok) return { ok: false, message: `${field}.${name}: ${result.message}` };
      if (result.argument !== null) bound.set(name, result.argument);
    }
  }
  const acts = isFlowTool(provider_type, provider) || known?.acts === true;
  const config = { tool: { providerType: provider_type, provider, name: tool_name }, arguments: [...bound.values()] };
  return { ok: true, warnings: warningsOf(config, known), behaviour: { kind: acts ? 'acting-tool' : 'tool', config } };
}

function compileArgument(name: string, input: unknown, known: ToolDescription | undefined): ArgumentResult {
  if (input === null || input === undefined) return { ok: true, argument: null };
  const bound = toolInputSchema.safeParse(input);
  if (!bound.success) return { ok: true, argument: compileConstant(name, input) };
  const { type, value } = bound.data;
  if (value === null || value === undefined) return { ok: true, argument: null };
  if (type === 'constant') return { ok: true, argument: compileConstant(name, value) };
  if (type === 'mixed') {
    return typeof value === 'string' ? { ok: true, argument: compileConstant(name, value) } : { ok: false, message: 'a text was expected' };
  }
  if (!Array.isArray(value) || !value.every((part) => typeof part === 'string')) {
    return { ok: false, message: 'a variable was expected, as a list of names' };
  }
  // An empty selector is an argument that nobody has filled in.
  if (value.length === 0) return { ok: true, argument: null };
  const required = known?.parameters.find((parameter) => parameter.name === name)?.required === true;
  return { ok: true, argument: { name, selector: value, required } };
}

/** Variables count in constant texts too, as in Dify. */
const compileConstant = (name: string, value: unknown): ToolArgument =>
  typeof value === 'string' ? { name, template: compileVariableTemplate(value) } : { name, constant: encodeValue(valueOfPlain(value)) };

function warningsOf(
  config: {
    readonly tool: { readonly providerType: string; readonly provider: string; readonly name: string };
    readonly arguments: readonly ToolArgument[];
  },
  known: ToolDescription | undefined,
): readonly string[] {
  const { providerType, provider, name } = config.tool;
  if (isFlowTool(providerType, provider)) return [];
  if (known === undefined) {
    return [
      `there is no tool "${provider}/${name}" here, and a run that reaches it fails: map it under "tools" to a tool that there is, such as "time/current_time", or to a flow as "workflow/NAME", or pin its outputs`,
    ];
  }
  const declared = new Set(known.parameters.map((parameter) => parameter.name));
  const unknown = config.arguments.filter((argument) => !declared.has(argument.name)).map((argument) => `"${argument.name}"`);
  return unknown.length === 0 ? [] : [`the tool ${known.provider}/${known.name} has no parameter ${unknown.join(', ')}: it is left out`];
}
