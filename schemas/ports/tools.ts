import type { ToolName, Usage } from '../effects.ts';
import type { Value, Values } from '../values.ts';
import type { PerformOptions } from './effect-executor.ts';

/** One parameter of a tool, as people and models are told of it. */
export type ToolParameter = {
  readonly name: string;
  readonly type: 'string' | 'number' | 'boolean' | 'object' | 'array';
  readonly description: string;
  readonly required: boolean;
  /** What it is when it is not given. */
  readonly default?: string | number | boolean;
  /** The only values there are. */
  readonly options?: readonly string[];
};

/** A tool as flows name it: `provider` in its short form ("time"), `name` within it. */
export type ToolDescription = {
  readonly provider: string;
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly ToolParameter[];
  /** Names of outputs beside text, files and json. */
  readonly outputs: readonly string[];
  /** It changes something outside: it is not called for the sake of a trial. */
  readonly acts: boolean;
};

/** What calls a tool: a run's node, or an agent within it. */
export type ToolContext = PerformOptions & {
  readonly workspaceId: string;
  readonly runId: string;
  readonly effectId: string;
  /** Which try of the caller this is, from 1. */
  readonly attempt: number;
  /** Values of secrets are among the arguments: they may be used, and kept nowhere. */
  readonly withSecrets: boolean;
  /** How many flows called each other to get here; 0 in a run that nobody's tool began. */
  readonly depth: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

export type ToolOutput = {
  readonly text: string;
  readonly files: readonly Value[];
  readonly json: readonly Value[];
  /** Outputs by name that the tool declares. */
  readonly variables: Values;
  /** What it used up. @default nothing */
  readonly usage?: Usage;
};
export type ToolResult =
  | { readonly ok: true; readonly output: ToolOutput }
  | { readonly ok: false; /** One sentence. */ readonly message: string; readonly type: string; readonly retryable: boolean };

/** `args` by name, of the declared types, defaults filled in. Expected failures are values; rejects only when aborted. */
export type Tool = ToolDescription & { readonly run: (args: Values, context: ToolContext) => ToolResult | Promise<ToolResult> };

/** Calls tools by the names that flows have for them, long and short ("langgenius/time/time", "time"). */
export type ToolBox = {
  /** What a tool is; undefined for one that is not there. */
  describe(tool: ToolName): ToolDescription | undefined;
  /** Checks the arguments, then calls it. An unknown tool is a failure. */
  call(tool: ToolName, args: Values, context: ToolContext): Promise<ToolResult>;
};

export type FlowCall = {
  readonly workspaceId: string;
  /** The name of the flow. */
  readonly flow: string;
  /** By name of its start variables; `query` as well, which a chat flow takes as its question. */
  readonly inputs: Values;
  /** That of the new run: one more than the caller's. */
  readonly depth: number;
  /** Who calls. The same caller is answered by the same run, also when it asks again after a crash. */
  readonly parent: { readonly runId: string; readonly effectId: string; readonly attempt: number };
  readonly signal: AbortSignal;
};

export type FlowCallResult =
  | { readonly ok: true; readonly outputs: Values; readonly usage: Usage }
  | { readonly ok: false; readonly message: string; readonly type: string; readonly retryable: boolean };

/** Runs the latest version of a flow to its end, for a tool node of another. Rejects only when aborted. */
export type FlowRunner = { run(call: FlowCall): Promise<FlowCallResult> };

/** A flow that is called by a flow, that is called by a flow …: as in Dify. */
export const DEFAULT_CALL_DEPTH = 5;
