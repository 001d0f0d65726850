import type { ChatMessage, ChatPart, Value, Values } from '../../../schemas/core.ts';
import { EMPTY, failed, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { askedModel } from '../model-params.ts';
import type { LlmConfig } from './config.ts';
import { promptOf } from './prompt.ts';

/** Fills in the prompts and asks the model. */
export function startLlm(config: LlmConfig, context: NodeContext): NodeOutcome {
  const prompt = promptOf(config, context);
  if ('problem' in prompt) return failed(EMPTY, prompt.type, prompt.problem);
  const { messages, secrets } = prompt;
  const inputs: Values = new Map<string, Value>([['messages', messages.map(messageValue)]]);
  if (messages.length === 0)
    return failed(
      inputs,
      'NoPromptFoundError',
      'No prompt found in the LLM configuration: every message is empty once its variables are filled in',
    );
  const { model, secrets: inParams } = askedModel(config.model, context);
  const last = messages.findLast((message) => message.role === 'user') ?? messages.at(-1);
  const text = last === undefined ? '' : textOf(last.content);
  return {
    kind: 'effect',
    inputs,
    secrets: [...secrets, ...inParams],
    request: { kind: 'llm', model, messages, schema: config.schema, text },
  };
}

const textOf = (content: ChatMessage['content']): string =>
  typeof content === 'string' ? content : content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');

const messageValue = ({ role, content }: ChatMessage): Value =>
  new Map<string, Value>([
    ['role', role],
    ['content', typeof content === 'string' ? content : content.map(partValue)],
  ]);

/** Pictures by their address; one that is spelt out is not told again. */
function partValue(part: ChatPart): Value {
  const of = (name: string, value: string): Value =>
    new Map<string, Value>([
      ['type', part.type],
      [name, value],
    ]);
  if (part.type === 'text') return of('text', part.text);
  if (part.type === 'image_file') return of('name', part.file.name ?? '');
  return of('url', part.url.startsWith('data:') ? `${part.url.slice(0, part.url.indexOf(',') + 1)}…` : part.url);
}
