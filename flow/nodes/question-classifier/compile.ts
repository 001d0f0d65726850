import { questionClassifierDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileModel } from '../../plan/compile-model.ts';
import { compileVariableTemplate } from '../../text/index.ts';

export function compileClassifier(data: YamlPlain): BehaviourResult {
  const parsed = questionClassifierDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { model, query_variable_selector, classes, instruction } = parsed.data;
  return {
    ok: true,
    warnings: [],
    behaviour: {
      kind: 'question-classifier',
      config: {
        model: compileModel(model),
        query: query_variable_selector,
        classes: classes.map(({ id, name, label }) => ({ id, name, label: label ?? null })),
        instruction: compileVariableTemplate(instruction),
      },
    },
  };
}
