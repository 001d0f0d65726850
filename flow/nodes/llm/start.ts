import { isArray, isObject, type ChatMessage, type SecretRef, type Value } from '../../../schemas/core.ts';
import { failed, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { mappedModel } from '../../engine/mapped-model.ts';
import type { LlmConfig, PromptPart } from './config.ts';
import { renderJinja } from '../../templates/index.ts';
import { renderTemplate, renderText } from '../../text/index.ts';

type Rendered =
  { readonly ok: true; readonly text: string; readonly secrets: readonly SecretRef[] } | { readonly ok: false; readonly message: string };

/** Fills in the prompts and asks the model. Messages that come out empty are left out, as Dify does. */
export function startLlm(config: LlmConfig, context: NodeContext): NodeOutcome {
  const messages: ChatMessage[] = [];
  const secrets: SecretRef[] = [];
  for (const part of config.prompts) {
    const rendered = renderPart(part, config, context);
    if (!rendered.ok) return failed(new Map(), 'LLMNodeError', rendered.message);
    secrets.push(...rendered.secrets);
    if (rendered.text !== '') messages.push({ role: part.role, content: rendered.text });
  }
  if (config.query !== null) {
    const query = renderTemplate(config.query, context.lookup, 'text');
    secrets.push(...query.secrets);
    if (query.text !== '') messages.push({ role: 'user', content: query.text });
  }
  const inputs = new Map<string, Value>([
    [
      'messages',
      messages.map(
        (message) =>
          new Map<string, Value>([
            ['role', message.role],
            ['content', message.content],
          ]),
      ),
    ],
  ]);
  if (messages.length === 0)
    return failed(
      inputs,
      'NoPromptFoundError',
      'No prompt found in the LLM configuration: every message is empty once its variables are filled in',
    );
  const model = mappedModel(config.model, context.modelMap);
  const text = messages.findLast((message) => message.role === 'user')?.content ?? messages.at(-1)?.content ?? '';
  return { kind: 'effect', inputs, secrets, request: { kind: 'llm', model, messages, schema: config.schema, text } };
}

function renderPart(part: PromptPart, config: LlmConfig, context: NodeContext): Rendered {
  if ('jinja' in part) {
    const variables = new Map<string, Value>();
    for (const { name, selector } of config.jinjaVariables) variables.set(name, context.lookup(selector) ?? null);
    const rendered = renderJinja(part.jinja, variables);
    return rendered.ok ? { ok: true, text: rendered.text, secrets: [] } : { ok: false, message: rendered.error };
  }
  const pieces = part.basic.map((piece) => renderTemplate(piece, context.lookup, 'text'));
  const separator = config.context === null ? '' : contextText(context.lookup(config.context));
  return { ok: true, text: pieces.map((piece) => piece.text).join(separator), secrets: pieces.flatMap((piece) => piece.secrets) };
}

/** Retrieved passages are joined by newlines; plain text stands for itself. */
function contextText(value: Value | undefined): string {
  if (value === undefined || value === null) return '';
  if (!isArray(value)) return renderText(value);
  return value.map((item) => (isObject(item) ? renderText(item.get('content') ?? '') : renderText(item))).join('\n');
}
