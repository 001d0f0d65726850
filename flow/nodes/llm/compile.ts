import { encodeValue } from '../../../schemas/core.ts';
import { llmDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileModel } from '../../plan/compile-model.ts';
import { compileTemplate } from '../../templates/index.ts';
import { compileVariableTemplate } from '../../text/index.ts';
import { compileMemory } from '../model-memory.ts';
import { compileVision } from '../model-vision.ts';
import type { PromptMark, PromptPart } from './config.ts';

/** Stand for other text in a prompt; no variable tokens, whose grammar wants a name after the node. */
const MARKS = /\{\{#context#\}\}|\{\{#histories#\}\}|#histories#/g;

type PromptData = {
  readonly role?: 'system' | 'user' | 'assistant' | null | undefined;
  readonly text: string;
  readonly edition_type?: string | null | undefined;
  readonly jinja2_text?: string | null | undefined;
};

export function compileLlm(data: YamlPlain): BehaviourResult {
  const parsed = llmDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { model, prompt_template, prompt_config, memory, context, vision, structured_output } = parsed.data;
  const prompts: PromptPart[] = [];
  for (const part of Array.isArray(prompt_template) ? prompt_template : [prompt_template]) {
    const compiled = compilePrompt(part);
    if ('message' in compiled) return { ok: false, message: compiled.message };
    prompts.push(compiled);
  }
  const structured = (parsed.data.structured_output_enabled ?? parsed.data.structured_output_switch_on) === true;
  const query = memory == null ? null : (memory.query_prompt_template ?? '');
  return {
    ok: true,
    warnings: [],
    behaviour: {
      kind: 'llm',
      config: {
        model: compileModel(model),
        form: Array.isArray(prompt_template) ? 'messages' : 'text',
        prompts,
        jinjaVariables: (prompt_config?.jinja2_variables ?? []).map((variable) => ({
          name: variable.variable,
          selector: variable.value_selector,
        })),
        memory: compileMemory(memory, true),
        query: query === null ? null : compileVariableTemplate(query === '' ? '{{#sys.query#}}' : query),
        vision: compileVision(vision),
        context:
          context?.enabled === true && context.variable_selector != null && context.variable_selector.length >= 2
            ? context.variable_selector
            : null,
        schema: structured ? encodeValue(valueOfPlain(structured_output?.schema ?? null)) : null,
        separateReasoning: parsed.data.reasoning_format === 'separated',
      },
    },
  };
}

function compilePrompt(part: PromptData): PromptPart | { readonly message: string } {
  const role = part.role ?? 'user';
  if (part.edition_type !== 'jinja2') {
    const marks = Array.from(part.text.matchAll(MARKS), ([mark]): PromptMark => (mark === '{{#context#}}' ? 'context' : 'histories'));
    return { role, basic: part.text.split(MARKS).map(compileVariableTemplate), marks };
  }
  const compiled = compileTemplate(part.jinja2_text ?? '');
  if (compiled.ok) return { role, jinja: compiled.template };
  const { line = 1, column = 1, message = 'the template cannot be read' } = { ...compiled.errors[0] };
  return { message: `${role} prompt, line ${line}, column ${column}: ${message}` };
}
