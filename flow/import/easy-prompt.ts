import { isObject, type ObjectValue } from '../../schemas/core.ts';
import { at, listAt, textAt } from './value-reading.ts';
import { toYamlPlain, type YamlPlain } from './yaml-values.ts';

export type EasyModel = {
  readonly mode: 'chat' | 'completion';
  /** For an llm node and for an agent, which name the model differently. */
  readonly data: YamlPlain;
  readonly agent: Readonly<Record<string, YamlPlain>>;
};

export function easyModel(config: ObjectValue): EasyModel {
  const provider = textAt(config, 'model', 'provider');
  const name = textAt(config, 'model', 'name') || textAt(config, 'model', 'model');
  const mode = textAt(config, 'model', 'mode') === 'completion' ? 'completion' : 'chat';
  const params = at(config, 'model', 'completion_params');
  const completion = { completion_params: isObject(params) ? toYamlPlain(params) : {}, mode, provider } as const;
  return { mode, data: { ...completion, name }, agent: { ...completion, model: name } };
}

type PromptOptions = {
  readonly isChat: boolean;
  readonly isCompletion: boolean;
  readonly hasContext: boolean;
  readonly names: readonly string[];
};
export type EasyPrompt = {
  /** Messages, or one text for a completion model. */
  readonly prompts: YamlPlain;
  readonly rolePrefix: YamlPlain;
  /** What the app says before everything, for an agent. */
  readonly instruction: string;
};

/** Dify puts the retrieved text before the prompt, between such tags; the words around it are Riskflow's own. */
const CONTEXT = [
  'What is known about the question stands between the tags <context> and </context>.',
  '',
  '<context>',
  '{{#context#}}',
  '</context>',
  '',
  'Answer from it, in the language of the question and without speaking of it. Say so when it does not hold the answer.',
  '',
  '',
].join('\n');

/** The prompt of an app: `pre_prompt` for prompt_type simple, else chat_prompt_config or completion_prompt_config. */
export function easyPrompt(config: ObjectValue, { isChat, isCompletion, hasContext, names }: PromptOptions): EasyPrompt {
  const filled = (text: string): string => withVariables(text, names);
  const simple = filled(textAt(config, 'pre_prompt'));
  if (textAt(config, 'prompt_type') !== 'advanced') {
    const text = `${hasContext ? CONTEXT : ''}${simple === '' ? '' : `${simple}\n`}`;
    if (isCompletion) return { prompts: { text: isChat ? `${text}${CHAT_TURN}` : text }, rolePrefix: HUMAN, instruction: simple };
    // With a question of its own the prompt is what Dify's chat apps send as the system message.
    return { prompts: text === '' ? [] : [{ role: isChat ? 'system' : 'user', text }], rolePrefix: null, instruction: simple };
  }
  const messages = listAt(config, 'chat_prompt_config', 'prompt').flatMap((message): readonly YamlPlain[] => {
    const role = textAt(message, 'role');
    return isObject(message) ? [{ role: role === '' ? 'user' : role, text: filled(textAt(message, 'text')) }] : [];
  });
  const whole = textAt(config, 'completion_prompt_config', 'prompt', 'text');
  const instruction =
    simple === '' ? filled(textAt(messages.length === 0 ? null : listAt(config, 'chat_prompt_config', 'prompt')[0], 'text')) : simple;
  if (!isCompletion) return { prompts: messages, rolePrefix: null, instruction };
  const role = (key: string, otherwise: string): string =>
    textAt(config, 'completion_prompt_config', 'conversation_histories_role', key) || otherwise;
  const rolePrefix = { user: role('user_prefix', HUMAN.user), assistant: role('assistant_prefix', HUMAN.assistant) };
  return { prompts: { text: filled(whole) }, rolePrefix, instruction };
}

const HUMAN = { user: 'Human', assistant: 'Assistant' } as const;
const CHAT_TURN = '\n\nHuman: {{#sys.query#}}\n\nAssistant: ';

/** `{{name}}` of an input, and Dify's old names of the question. */
function withVariables(text: string, names: readonly string[]): string {
  let filled = text;
  for (const name of names) filled = filled.replaceAll(`{{${name}}}`, `{{#start.${name}#}}`);
  return filled.replaceAll('{{#query#}}', '{{#sys.query#}}').replaceAll('{{query}}', '{{#sys.query#}}');
}
