import { parseJson, toJsonText, type ToolCall, type Value } from '../../../schemas/core.ts';
import { isObject } from '../../../schemas/core.ts';
import { jsonObjectsIn, renderText } from '../../text/index.ts';
import type { AgentTool } from './config.ts';

/** The way of answering that a model without tool calls is taught: thought, action, observation (ReAct, Yao et al. 2022). */
export function reactInstruction(instruction: string, tools: readonly AgentTool[]): string {
  const listed = tools.map(({ told }) => JSON.stringify({ name: told.name, description: told.description, parameters: told.parameters }));
  const rules = [
    tools.length === 0 ? 'You have no tools.' : `You may use these tools, one at a time:\n${listed.join('\n')}`,
    'Write "Thought:" and what you think, then "Action:" and one JSON object with "action", the name of a tool, and "action_input", its arguments as an object. Stop there: an "Observation:" with the result follows.',
    'Once you know the answer write "Action:" with {"action": "Final Answer", "action_input": "the answer"}.',
  ];
  return [instruction, ...rules].filter((part) => part !== '').join('\n\n');
}

export type Reaction =
  { readonly kind: 'answer'; readonly text: string } | { readonly kind: 'call'; readonly call: ToolCall; readonly said: string };

const OBSERVATION = /\n\s*Observation:/;
const FINAL = /Final Answer:\s*([\s\S]*)$/;

/** What a reply asks for: a call of a tool, or nothing more. */
export function readReaction(reply: string, asked: number): Reaction {
  // What the model imagines of results is none.
  const said = reply.split(OBSERVATION, 1)[0] ?? reply;
  for (const found of jsonObjectsIn(said)) {
    const action = found.get('action');
    if (typeof action !== 'string') continue;
    const input = found.get('action_input') ?? null;
    if (/^final[ _]?answer$/i.test(action.trim())) return { kind: 'answer', text: typeof input === 'string' ? input : toJsonText(input) };
    return { kind: 'call', said, call: { id: `react-${asked}`, name: action.trim(), arguments: argumentsText(input) } };
  }
  return { kind: 'answer', text: FINAL.exec(said)?.[1]?.trim() ?? said };
}

function argumentsText(input: Value): string {
  if (isObject(input)) return toJsonText(input);
  const parsed = typeof input === 'string' ? parseJson(input) : undefined;
  if (parsed?.ok === true && isObject(parsed.value)) return toJsonText(parsed.value);
  return input === null ? '{}' : toJsonText(new Map<string, Value>([['input', renderText(input)]]));
}
