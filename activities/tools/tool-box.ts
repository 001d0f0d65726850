import { BUILT_IN_TOOLS, builtInTool, isFlowTool } from '../../flow/index.ts';
import {
  DEFAULT_CALL_DEPTH,
  toJsonText,
  type FlowRunner,
  type OutgoingClient,
  type Tool,
  type ToolBox,
  type ToolResult,
} from '../../schemas/index.ts';
import { checkArguments } from './arguments.ts';
import { callFlow } from './flow-tool.ts';
import { jsonTools } from './json/json-tools.ts';
import { listMatch } from './lists/list-match-tool.ts';
import { regexExtract } from './regex-tool.ts';
import { timeTools } from './time/time-tools.ts';
import { toolFailed } from './tool-results.ts';
import { createWebhook } from './webhook-tool.ts';

export type ToolBoxDeps = {
  /** The way to webhooks. */
  readonly outgoing: OutgoingClient;
  /** Runs flows as tools; without it none can be called. */
  readonly flows?: FlowRunner;
  /** Flows that call each other in a row, at most. @default 5 */
  readonly maxCallDepth?: number;
  /** Characters of what a tool gives, at most. @default 400000 */
  readonly maxOutputLength?: number;
};

const MAX_OUTPUT = 400_000;

/** The tools that come with Riskflow, and flows as tools. */
export function createToolBox({ outgoing, flows, maxCallDepth = DEFAULT_CALL_DEPTH, maxOutputLength = MAX_OUTPUT }: ToolBoxDeps): ToolBox {
  const runs: Readonly<Record<string, Readonly<Record<string, Tool['run']>>>> = {
    time: timeTools,
    json_process: jsonTools,
    regex: { regex_extract: regexExtract },
    riskflow: { list_match: listMatch, webhook: createWebhook(outgoing) },
  };
  return {
    describe: ({ provider, name }) => builtInTool(provider, name),
    async call({ providerType, provider, name }, args, context) {
      context.signal.throwIfAborted();
      if (isFlowTool(providerType, provider)) {
        return bounded(await callFlow(name, args, { context, runner: flows, maxDepth: maxCallDepth }), name, maxOutputLength);
      }
      const tool = builtInTool(provider, name);
      const run = tool === undefined ? undefined : runs[tool.provider]?.[tool.name];
      if (tool === undefined || run === undefined) return unknownTool(`${provider}/${name}`);
      const checked = checkArguments(tool, args);
      if (!checked.ok) return toolFailed(checked.message, { type: 'ToolParameterError' });
      return bounded(await run(checked.args, context), `${tool.provider}/${tool.name}`, maxOutputLength);
    },
  };
}

const unknownTool = (name: string): ToolResult =>
  toolFailed(
    `there is no tool "${name}" here: map it under "tools" to one of ${BUILT_IN_TOOLS.map((tool) => `${tool.provider}/${tool.name}`).join(', ')} or to a flow as workflow/NAME, or pin the outputs of this node`,
    { type: 'ToolNotFoundError' },
  );

/** What a tool gives is kept in events. */
function bounded(result: ToolResult, name: string, most: number): ToolResult {
  if (!result.ok) return result;
  const { text, files, json, variables } = result.output;
  const length = text.length + toJsonText([...files, ...json, variables]).length;
  return length <= most * 3 && text.length <= most
    ? result
    : toolFailed(`the tool ${name} gives more than ${most} characters (setting tools.maxOutputLength)`);
}
