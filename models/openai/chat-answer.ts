import type { ToolCall } from '../../schemas/core.ts';

/** What is used of a completion. Tokens are null where the endpoint did not say. */
export type ChatAnswer = {
  readonly text: string;
  /** Thoughts which the endpoint keeps apart from the text (`reasoning_content`, or `reasoning`). */
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCall[];
  readonly finishReason: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
};

export type ChatAnswerResult =
  | { readonly ok: true; readonly answer: ChatAnswer }
  /** `refused`: the model answered that it will not; otherwise the endpoint did not answer as it should. */
  | { readonly ok: false; readonly message: string; readonly refused: boolean };

/**
 * Reads the body of a successful answer: of a chat, or of the completion of a text. Nothing about it is trusted: an endpoint may be a
 * proxy's error page or a broken server.
 */
export function readChatAnswer(body: string, mode: 'chat' | 'completion' = 'chat'): ChatAnswerResult {
  const parsed = parse(body);
  if (parsed === undefined)
    return broken(/^\s*</.test(body) ? 'a web page instead of JSON; is the base URL right (it often ends in /v1)?' : jsonComplaint(body));
  const root = record(parsed);
  const error = root['error'];
  if (error !== undefined && error !== null) return broken(`an error: ${errorText(error) ?? 'without a message'}`);
  const choices = root['choices'];
  const choice = record(Array.isArray(choices) ? (choices as readonly unknown[])[0] : undefined);
  const place = mode === 'chat' ? 'message' : 'text';
  if (choice[place] === undefined) return broken(`JSON without choices[0].${place}`);
  const message = record(choice['message']);
  const finishReason = textOrNull(choice['finish_reason']);
  const text = contentText(mode === 'chat' ? message['content'] : choice['text']);
  if (text === undefined) return broken('a message whose content is no text');
  if (text === '' && typeof message['refusal'] === 'string') return refused(`The model refused: ${message['refusal']}`);
  if (text === '' && finishReason === 'content_filter') return refused("The endpoint's content filter held the answer back.");
  const usage = record(root['usage']);
  const toolCalls = toolCallsOf(message['tool_calls']);
  const reasoning = textOrNull(message['reasoning_content']) ?? textOrNull(message['reasoning']) ?? '';
  return {
    ok: true,
    answer: {
      text,
      ...(reasoning === '' ? {} : { reasoning }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      finishReason,
      inputTokens: countOrNull(usage['prompt_tokens']),
      outputTokens: countOrNull(usage['completion_tokens']),
    },
  };
}

/** Calls without a name are left out; some endpoints give no ids, and some give the arguments as an object and not as its text. */
function toolCallsOf(calls: unknown): readonly ToolCall[] {
  if (!Array.isArray(calls)) return [];
  return calls.flatMap((call: unknown, at): readonly ToolCall[] => {
    const { id, function: called } = record(call);
    const { name, arguments: given } = record(called);
    if (typeof name !== 'string' || name === '') return [];
    const text = typeof given === 'string' ? given : given === undefined || given === null ? '' : JSON.stringify(given);
    return [{ id: typeof id === 'string' && id !== '' ? id : `call_${at + 1}`, name, arguments: text }];
  });
}

/** The message in an error of the API: `{"message": …}`, `{"error": {"message": …}}`, or a text. */
export function errorText(error: unknown): string | undefined {
  if (typeof error === 'string') return error === '' ? undefined : error;
  const { message, error: inner, detail } = record(error);
  for (const candidate of [message, detail]) if (typeof candidate === 'string' && candidate !== '') return candidate;
  return inner === undefined ? undefined : errorText(inner);
}

const jsonComplaint = (body: string): string =>
  body.trim() === '' ? 'nothing' : 'something that is not JSON, or JSON cut off in the middle';

const broken = (what: string): ChatAnswerResult => ({ ok: false, message: `The model endpoint answered with ${what}`, refused: false });
const refused = (message: string): ChatAnswerResult => ({ ok: false, message, refused: true });

/** A text; null as an empty one; parts, as some endpoints send them, joined. Undefined for anything else. */
function contentText(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  if (!Array.isArray(content)) return undefined;
  const parts = content.map((part) => record(part)['text']);
  return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? { ...value } : {});
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const countOrNull = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
