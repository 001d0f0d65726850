import { templateDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileTemplate } from '../../templates/index.ts';

export function compileTemplateTransform(data: YamlPlain): BehaviourResult {
  const parsed = templateDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const compiled = compileTemplate(parsed.data.template);
  if (!compiled.ok) {
    const error = compiled.errors[0];
    return {
      ok: false,
      message:
        error === undefined ? 'the template cannot be read' : `template line ${error.line}, column ${error.column}: ${error.message}`,
    };
  }
  const variables = parsed.data.variables.map((variable) => ({ name: variable.variable, selector: variable.value_selector }));
  return { ok: true, behaviour: { kind: 'template-transform', config: { variables, template: compiled.template } }, warnings: [] };
}
