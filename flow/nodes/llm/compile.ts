import { encodeValue } from '../../../schemas/core.ts';
import { llmDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileModel } from '../../plan/compile-model.ts';
import type { PromptPart } from './config.ts';
import { compileTemplate } from '../../templates/index.ts';
import { compileVariableTemplate } from '../../text/index.ts';

/** Stands for the retrieved text in a prompt; not a variable token, whose grammar wants a name after the node. */
const CONTEXT_MARK = '{{#context#}}';

export function compileLlm(data: YamlPlain): BehaviourResult {
  const parsed = llmDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { model, prompt_template, prompt_config, memory, context, vision, structured_output } = parsed.data;
  const warnings: string[] = [];
  const prompts: PromptPart[] = [];
  for (const part of Array.isArray(prompt_template) ? prompt_template : [prompt_template]) {
    const role = part.role ?? 'user';
    if (part.edition_type !== 'jinja2') {
      prompts.push({ role, basic: part.text.split(CONTEXT_MARK).map(compileVariableTemplate) });
      continue;
    }
    const compiled = compileTemplate(part.jinja2_text ?? '');
    if (!compiled.ok) {
      const error = compiled.errors[0];
      return {
        ok: false,
        message: `${role} prompt, line ${error?.line ?? 1}, column ${error?.column ?? 1}: ${error?.message ?? 'the template cannot be read'}`,
      };
    }
    prompts.push({ role, jinja: compiled.template });
  }
  if (vision?.enabled === true) warnings.push('pictures are not sent to models in this version of Riskflow');
  const structured = (parsed.data.structured_output_enabled ?? parsed.data.structured_output_switch_on) === true;
  const query = memory == null ? null : memory.query_prompt_template;
  return {
    ok: true,
    warnings,
    behaviour: {
      kind: 'llm',
      config: {
        model: compileModel(model),
        prompts,
        jinjaVariables: (prompt_config?.jinja2_variables ?? []).map((variable) => ({
          name: variable.variable,
          selector: variable.value_selector,
        })),
        query: query === null ? null : compileVariableTemplate(query === undefined || query === '' ? '{{#sys.query#}}' : query),
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
