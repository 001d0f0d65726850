import { toJsonText, type FlowRunner, type ToolContext, type ToolResult, type Value, type Values } from '../../schemas/index.ts';
import { gave, toolFailed } from './tool-results.ts';

/** Runs a flow as a tool. Its outputs are those of the node, beside `text` (them as JSON) and `json`, as in Dify. */
export async function callFlow(
  flow: string,
  args: Values,
  { context, runner, maxDepth }: { readonly context: ToolContext; readonly runner: FlowRunner | undefined; readonly maxDepth: number },
): Promise<ToolResult> {
  const depth = context.depth + 1;
  if (runner === undefined) return toolFailed(`the flow "${flow}" cannot be called as a tool here: pin the outputs of this node`);
  if (depth > maxDepth) {
    return toolFailed(
      `the flow "${flow}" would be the ${depth}th flow in a row that another one calls, and at most ${maxDepth} may be (setting tools.maxCallDepth)`,
    );
  }
  if (context.withSecrets) {
    return toolFailed(`the flow "${flow}" is given a secret, which its run would keep: let it read the secret from its own environment`);
  }
  const { workspaceId, runId, effectId, attempt, signal } = context;
  const result = await runner.run({ workspaceId, flow, inputs: args, depth, parent: { runId, effectId, attempt }, signal });
  if (!result.ok) return toolFailed(result.message, { type: result.type, retryable: result.retryable });
  const own = new Map<string, Value>([...result.outputs].filter(([name]) => !STANDARD.has(name)));
  const text = result.outputs.get('text');
  return gave({
    text: typeof text === 'string' ? text : toJsonText(result.outputs),
    json: [result.outputs],
    variables: own,
    usage: result.usage,
  });
}

const STANDARD: ReadonlySet<string> = new Set(['text', 'files', 'json']);
