import { isArray, isObject, type ChatMessage, type ChatPart, type SecretRef, type Value } from '../../../schemas/core.ts';
import type { NodeContext } from '../../engine/node-outcome.ts';
import { renderJinja } from '../../templates/index.ts';
import { pythonJson, pythonStrip, renderTemplate, renderText, type Lookup, type VariableTemplate } from '../../text/index.ts';
import { historyMessages, historyText } from '../model-memory.ts';
import { filesIn, imageParts, visionImages } from '../model-vision.ts';
import type { LlmConfig, PromptPart } from './config.ts';

/** Why there is no prompt: one sentence, and Dify's name for it. */
export type PromptProblem = { readonly problem: string; readonly type: string };
export type Prompt = { readonly messages: readonly ChatMessage[]; readonly secrets: readonly SecretRef[] };

type Rendered = { readonly text: string; readonly images: readonly ChatPart[]; readonly secrets: readonly SecretRef[] };
type Marked = { readonly context: string; readonly histories: string };

const problem = (sentence: string, type = 'LLMNodeError'): PromptProblem => ({ problem: sentence, type });

/** The messages for a model, variables filled in. Those that come out empty are left out, as Dify does. */
export function promptOf(config: LlmConfig, context: NodeContext): Prompt | PromptProblem {
  const retrieved = config.context === null ? '' : contextText(context.lookup(config.context));
  if (typeof retrieved !== 'string') return retrieved;
  const prompt = config.form === 'text' ? textPrompt(config, context, retrieved) : messagesPrompt(config, context, retrieved);
  if ('problem' in prompt) return prompt;
  const shown = visionImages(config.vision, context.lookup);
  if (!shown.ok) return problem(shown.message, 'InvalidVariableTypeError');
  return { ...prompt, messages: withImages(prompt.messages, shown.images) };
}

function messagesPrompt(config: LlmConfig, context: NodeContext, retrieved: string): Prompt | PromptProblem {
  const messages: ChatMessage[] = [];
  const secrets: SecretRef[] = [];
  const add = (role: 'system' | 'user' | 'assistant', { text, images, secrets: named }: Rendered): void => {
    secrets.push(...named);
    if (text !== '') messages.push({ role, content: text });
    if (images.length > 0) messages.push({ role, content: images });
  };
  for (const part of config.prompts) {
    const rendered = renderPart(part, config, context, { context: retrieved, histories: '' });
    if ('problem' in rendered) return rendered;
    add(part.role, rendered);
  }
  messages.push(...historyMessages(config.memory, context.lookup));
  if (config.query !== null) add('user', renderBasic(config.query, config, context.lookup));
  return { messages, secrets };
}

/**
 * One text for a model that completes it: what was said before stands at its mark, or else before the text; the query stands where the
 * text names it, or else behind.
 */
function textPrompt(config: LlmConfig, context: NodeContext, retrieved: string): Prompt | PromptProblem {
  const said = historyMessages(config.memory, context.lookup);
  const prefixes = config.memory?.prefixes ?? null;
  if (said.length > 0 && prefixes === null)
    return problem('a prompt that is one text needs memory.role_prefix to tell what was said before', 'MemoryRolePrefixRequiredError');
  const histories = said.length === 0 || prefixes === null ? '' : historyText(config.memory, context.lookup, prefixes);
  const [part] = config.prompts;
  if (part === undefined) return { messages: [], secrets: [] };
  const rendered = renderPart(part, config, context, { context: retrieved, histories });
  if ('problem' in rendered) return rendered;
  const pieces = [rendered.text];
  const secrets = [...rendered.secrets];
  if (histories !== '' && !('basic' in part && part.marks.includes('histories'))) pieces.unshift(histories);
  if (config.query !== null && !namesQuery(part)) {
    const query = renderTemplate(config.query, context.lookup, 'text');
    secrets.push(...query.secrets);
    if (query.text !== '') pieces.push(query.text);
  }
  const text = pieces.join('\n');
  return { messages: text === '' ? [] : [{ role: 'user', content: text }], secrets };
}

const namesQuery = (part: PromptPart): boolean =>
  'basic' in part &&
  part.basic.some((piece) => piece.segments.some(({ selector, token }) => token === true && selector?.join('.') === 'sys.query'));

function renderPart(part: PromptPart, config: LlmConfig, context: NodeContext, marked: Marked): Rendered | PromptProblem {
  if ('jinja' in part) {
    const variables = new Map<string, Value>();
    for (const { name, selector } of config.jinjaVariables) variables.set(name, context.lookup(selector) ?? null);
    const rendered = renderJinja(part.jinja, variables);
    return rendered.ok ? { text: rendered.text, images: [], secrets: [] } : problem(rendered.error);
  }
  const pieces = part.basic.map((piece) => renderBasic(piece, config, context.lookup));
  return {
    text: pieces.map((piece, at) => piece.text + (at < part.marks.length ? marked[part.marks[at] ?? 'context'] : '')).join(''),
    images: pieces.flatMap((piece) => piece.images),
    secrets: pieces.flatMap((piece) => piece.secrets),
  };
}

/** Files that a text names have no text of their own: pictures among them are shown in a message behind it. */
function renderBasic(template: VariableTemplate, config: LlmConfig, lookup: Lookup): Rendered {
  const { text, secrets } = renderTemplate(template, lookup, 'text');
  const images = template.segments.flatMap(({ selector }): readonly ChatPart[] => {
    const value = selector === undefined ? undefined : lookup(selector);
    const files = value === undefined ? undefined : filesIn(value);
    return files === undefined ? [] : imageParts(files, config.vision?.detail ?? 'high');
  });
  return { text, images, secrets };
}

/** Pictures stand before the text of the last message when that is the user's, else in one of their own. */
function withImages(messages: readonly ChatMessage[], images: readonly ChatPart[]): readonly ChatMessage[] {
  if (images.length === 0) return messages;
  const last = messages.at(-1);
  if (last?.role !== 'user') return [...messages, { role: 'user', content: images }];
  const parts: readonly ChatPart[] = typeof last.content === 'string' ? [{ type: 'text', text: last.content }] : last.content;
  return [...messages.slice(0, -1), { ...last, content: [...images, ...parts] }];
}

/** Retrieved passages, a line each, their summaries before them. Plain text stands for itself; what is neither is no context. */
function contextText(value: Value | undefined): string | PromptProblem {
  if (typeof value === 'string') return renderText(value);
  if (value === undefined || !isArray(value)) return '';
  const lines: string[] = [];
  for (const item of value) {
    if (typeof item === 'string') {
      lines.push(renderText(item));
      continue;
    }
    const content = isObject(item) ? item.get('content') : undefined;
    if (!isObject(item) || content === undefined)
      return problem(
        `an item of the context has no "content": ${pythonJson(item, { ensureAscii: false }).slice(0, 200)}`,
        'InvalidContextStructureError',
      );
    const summary = item.get('summary') ?? '';
    if (typeof summary === 'string' && summary !== '') lines.push(renderText(summary));
    lines.push(renderText(content));
  }
  return pythonStrip(lines.join('\n'));
}
