import {
  decodeValue,
  encodeValue,
  encodeValues,
  float,
  isArray,
  isNumeric,
  isObject,
  isSecretRef,
  toDouble,
  toJsonText,
  type ChatMessage,
  type Json,
  type SecretRef,
  type ToolCall,
  type Value,
  type Values,
} from '../../../schemas/core.ts';
import {
  DEFAULT_HANDLE,
  type Conclusion,
  type More,
  type NodeContext,
  type NodeError,
  type NodeOutcome,
} from '../../engine/node-outcome.ts';
import { parseLooseJson, renderTemplate, renderText, secretPlaceholder, withCleanTexts, withoutSecretMarks } from '../../text/index.ts';
import { historyMessages } from '../model-memory.ts';
import { askedModel } from '../model-params.ts';
import type { Reads } from '../node-kind.ts';
import type { AgentConfig, AgentTool } from './config.ts';
import { FIRST_MEMO, jsonOfMemo, memoOf, type AgentMemo } from './memo.ts';
import { reactInstruction, readReaction } from './react.ts';

/** Asks the model for the first time. */
export const startAgent = (config: AgentConfig, context: NodeContext): NodeOutcome => askModel(config, context, FIRST_MEMO);

/** The next call of a tool, or the next question to the model. */
export function proceedAgent(config: AgentConfig, context: NodeContext, memo: Json): NodeOutcome {
  const noted = memoOf(memo);
  const [call] = noted.pending;
  return call === undefined ? askModel(config, context, noted) : callTool(config, context, call);
}

/** Dify asks once more without tools when its iterations are used up. */
const mayCall = ({ maxIterations }: AgentConfig, { asked }: AgentMemo): boolean => asked <= maxIterations;

function askModel(config: AgentConfig, context: NodeContext, memo: AgentMemo): NodeOutcome {
  const instruction = renderTemplate(config.instruction, context.lookup, 'text');
  const query = queryOf(config, context);
  const tools = mayCall(config, memo) ? config.tools : [];
  const system = config.strategy === 'react' ? reactInstruction(instruction.text, tools) : instruction.text;
  const first: readonly ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }];
  const messages = [
    ...first,
    ...historyMessages(config.memory, context.lookup),
    { role: 'user', content: query.text } as const,
    ...memo.turns,
  ];
  const { model, secrets } = askedModel(config.model, context);
  const inputs = new Map<string, Value>([
    ['query', query.text],
    ['instruction', instruction.text],
    ['tools', config.tools.map(({ told }) => told.name)],
    ['maximum_iterations', config.maxIterations],
  ]);
  const told = config.strategy === 'function_calling' && tools.length > 0 ? { tools: tools.map((tool) => tool.told) } : {};
  return {
    kind: 'effect',
    inputs,
    secrets: [...instruction.secrets, ...query.secrets, ...secrets],
    request: { kind: 'llm', model, messages, schema: null, text: query.text, ...told },
  };
}

function queryOf({ query }: AgentConfig, { lookup }: NodeContext): { readonly text: string; readonly secrets: readonly SecretRef[] } {
  if ('segments' in query) return renderTemplate(query, lookup, 'text');
  const value = lookup(query) ?? null;
  return isSecretRef(value) ? { text: secretPlaceholder(value), secrets: [value] } : { text: renderText(value), secrets: [] };
}

/** What was fixed for a tool is not the model's to say. */
function callTool(config: AgentConfig, context: NodeContext, call: ToolCall): NodeOutcome {
  const tool = toolOf(config, call);
  const parsed = parseLooseJson(call.arguments) ?? null;
  // Secrets are filled into the texts of a call: nothing that a model says may pass for one.
  const clean = withCleanTexts(parsed);
  const said: Values = isObject(clean) ? clean : new Map();
  const fixed = decodeValue(tool?.fixed ?? {});
  const args = new Map<string, Value>([...said, ...(isObject(fixed) ? fixed : [])]);
  // Nobody asks for a tool that is not there: `conclude` answers the model itself.
  const name = tool?.tool ?? { providerType: '', provider: '', name: call.name };
  return {
    kind: 'effect',
    inputs: args,
    secrets: [],
    request: { kind: 'tool', tool: name, arguments: encodeValues(args), depth: context.callDepth ?? 0 },
  };
}

const toolOf = ({ tools }: AgentConfig, call: ToolCall): AgentTool | undefined => tools.find(({ told }) => told.name === call.name);

/** The model's answer, or what it wants called; a tool's result goes back to the model. */
export function concludeAgent(config: AgentConfig, outputs: Values, memo: Json): Conclusion | More {
  const noted = memoOf(memo);
  return noted.pending.length > 0 ? heardTool(config, noted, outputs) : heardModel(config, noted, outputs);
}

/** A tool that failed is told to the model, which may find another way. A model that fails ends the node. */
export function recoverAgent(config: AgentConfig, error: NodeError, memo: Json): More | null {
  const noted = memoOf(memo);
  return noted.pending.length === 0 ? null : answered(config, noted, { text: `The tool failed: ${error.message}`, files: [], json: [] });
}

function heardModel(config: AgentConfig, before: AgentMemo, outputs: Values): Conclusion | More {
  const memo = { ...before, usage: addUsage(before.usage, outputs.get('usage') ?? null) };
  const text = renderText(outputs.get('text') ?? '');
  const { calls, said, answer } =
    config.strategy === 'react' ? reacted(text, memo.asked) : { ...calledIn(outputs), said: text, answer: text };
  if (calls.length === 0 || !mayCall(config, memo)) return { ok: true, outputs: outputsOf(memo, answer), handle: DEFAULT_HANDLE };
  const turn: ChatMessage =
    config.strategy === 'react' ? { role: 'assistant', content: said } : { role: 'assistant', content: said, toolCalls: calls };
  return withoutUnknown(config, { ...memo, turns: [...memo.turns, turn], pending: calls });
}

function reacted(text: string, asked: number): { readonly calls: readonly ToolCall[]; readonly said: string; readonly answer: string } {
  const reaction = readReaction(text, asked);
  return reaction.kind === 'call'
    ? { calls: [reaction.call], said: reaction.said, answer: text }
    : { calls: [], said: text, answer: reaction.text };
}

function calledIn(outputs: Values): { readonly calls: readonly ToolCall[] } {
  const calls = outputs.get('tool_calls') ?? null;
  if (!isArray(calls)) return { calls: [] };
  return {
    calls: calls.filter(isObject).map((call) => ({
      id: renderText(call.get('id') ?? ''),
      name: renderText(call.get('name') ?? ''),
      arguments: renderText(call.get('arguments') ?? ''),
    })),
  };
}

type Heard = { readonly text: string; readonly files: readonly Json[]; readonly json: readonly Json[] };

function heardTool(config: AgentConfig, memo: AgentMemo, outputs: Values): More {
  const [text, files, json] = [renderText(outputs.get('text') ?? ''), listOf(outputs, 'files'), listOf(outputs, 'json')];
  const real = json.filter((item) => !isNothing(item));
  const told = text !== '' ? text : real.map((item) => toJsonText(item)).join('\n');
  return answered(config, memo, { text: told, files: files.map(encodeValue), json: real.map(encodeValue) });
}

const listOf = (outputs: Values, name: string): readonly Value[] => {
  const value = outputs.get(name);
  return value !== undefined && isArray(value) ? value : [];
};

/** What a tool node gives where its tool gave no JSON. */
const isNothing = (item: Value): boolean => {
  const data = isObject(item) && item.size === 1 ? item.get('data') : undefined;
  return data !== undefined && isArray(data) && data.length === 0;
};

function answered(config: AgentConfig, memo: AgentMemo, { text, files, json }: Heard): More {
  const [call, ...pending] = memo.pending;
  const turns = call === undefined ? memo.turns : [...memo.turns, observation(config, call, text)];
  return withoutUnknown(config, { ...memo, turns, pending, files: [...memo.files, ...files], json: [...memo.json, ...json] });
}

/** Secrets are filled into the texts of messages: neither what a tool gives nor what a model calls a tool may pass for one. */
function observation({ strategy }: AgentConfig, call: ToolCall, text: string): ChatMessage {
  const clean = withoutSecretMarks(text);
  return strategy === 'react' ? { role: 'user', content: `Observation: ${clean}` } : { role: 'tool', content: clean, toolCallId: call.id };
}

/** Calls of tools that the agent does not have are answered at once. */
function withoutUnknown(config: AgentConfig, memo: AgentMemo): More {
  const [call, ...pending] = memo.pending;
  if (call === undefined) return { more: jsonOfMemo({ ...memo, asked: memo.asked + 1 }) };
  if (toolOf(config, call) !== undefined) return { more: jsonOfMemo(memo) };
  const known = config.tools.map(({ told }) => told.name).join(', ');
  const turn = observation(config, call, `There is no tool "${call.name}"; there are: ${known === '' ? 'none' : known}.`);
  return withoutUnknown(config, { ...memo, turns: [...memo.turns, turn], pending });
}

function addUsage(usage: AgentMemo['usage'], more: Value): AgentMemo['usage'] {
  const part = (name: string): number => {
    const value = isObject(more) ? (more.get(name) ?? 0) : 0;
    const number = isNumeric(value) ? toDouble(value) : Number(value);
    return Number.isFinite(number) ? number : 0;
  };
  return {
    prompt: usage.prompt + part('prompt_tokens'),
    completion: usage.completion + part('completion_tokens'),
    price: usage.price + part('total_price'),
    latency: usage.latency + part('latency'),
  };
}

function outputsOf({ usage, files, json }: AgentMemo, text: string): Values {
  const nothing: Value = new Map<string, Value>([['data', []]]);
  const used = new Map<string, Value>([
    ['prompt_tokens', usage.prompt],
    ['completion_tokens', usage.completion],
    ['total_tokens', usage.prompt + usage.completion],
    ['total_price', usage.price === 0 ? '0' : usage.price.toFixed(7)],
    ['currency', 'USD'],
    ['latency', float(Math.round(usage.latency * 1000) / 1000)],
  ]);
  return new Map<string, Value>([
    ['text', text],
    ['files', files.map(decodeValue)],
    ['json', json.length === 0 ? [nothing] : json.map(decodeValue)],
    ['usage', used],
  ]);
}

export const readsOfAgent = ({ instruction, query }: AgentConfig): Reads =>
  'segments' in query ? { templates: [instruction, query] } : { templates: [instruction], selectors: [query] };
