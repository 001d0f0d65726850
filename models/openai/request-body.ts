import type { OpenAI as OpenAIClient } from 'openai';
import { ErrorCode, RiskflowError, type ChatMessage, type ChatPart, type ChatRequest } from '../../schemas/core.ts';
import { mapCompletionParams } from './completion-params.ts';

type ChatBody = Parameters<OpenAIClient['chat']['completions']['create']>[0] & { stream?: false };
type TextBody = Parameters<OpenAIClient['completions']['create']>[0] & { stream?: false };

/** The body of a call of `/chat/completions`. */
export function chatBody({ model, messages, params, schema, tools, toolChoice }: ChatRequest): ChatBody {
  const mapped = mapCompletionParams(params, model, schema).params;
  const body: object = {
    ...mapped,
    ...(tools === undefined || tools.length === 0 ? {} : { tools: tools.map(toolOf), tool_choice: choiceOf(toolChoice ?? 'auto') }),
    model,
    messages: messages.map(messageOf),
  };
  // The package's types list the values of reasoning_effort and the like and want mutable lists; the endpoint decides what it accepts.
  return body as ChatBody;
}

/** The body of a call of `/completions`: the texts of the messages are the prompt. Formats of the answer and tools are unknown there. */
export function textBody({ model, messages, params }: ChatRequest): TextBody {
  const { response_format: _, reasoning_effort: __, max_completion_tokens, ...mapped } = mapCompletionParams(params, model).params;
  const body: object = {
    ...(max_completion_tokens === undefined ? {} : { max_tokens: max_completion_tokens }),
    ...mapped,
    model,
    prompt: messages.map(({ content }) => textOf(content)).join('\n'),
  };
  return body as TextBody;
}

const toolOf = (tool: NonNullable<ChatRequest['tools']>[number]): object => ({ type: 'function', function: tool });

const choiceOf = (choice: NonNullable<ChatRequest['toolChoice']>): unknown =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };

function messageOf(message: ChatMessage): object {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  const { role, content, toolCalls = [] } = message;
  const calls = toolCalls.map(({ id, name, arguments: text }) => ({ id, type: 'function', function: { name, arguments: text } }));
  return {
    role,
    content: typeof content === 'string' ? content : content.map(partOf),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function partOf(part: ChatPart): object {
  switch (part.type) {
    case 'text':
      return part;
    case 'image_url':
      return { type: 'image_url', image_url: { url: part.url, detail: part.detail } };
    case 'image_file':
      throw new RiskflowError(ErrorCode.internal, 'a picture reached the model without its content');
  }
}

const textOf = (content: ChatMessage['content']): string =>
  typeof content === 'string' ? content : content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
