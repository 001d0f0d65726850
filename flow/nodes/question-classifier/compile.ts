import { questionClassifierDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileModel } from '../../plan/compile-model.ts';
import { compileVariableTemplate } from '../../text/index.ts';
import { compileMemory } from '../model-memory.ts';
import { compileVision } from '../model-vision.ts';

export function compileClassifier(data: YamlPlain): BehaviourResult {
  const parsed = questionClassifierDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { model, query_variable_selector, classes, instruction, memory, vision } = parsed.data;
  return {
    ok: true,
    warnings: [],
    behaviour: {
      kind: 'question-classifier',
      config: {
        model: compileModel(model),
        query: query_variable_selector,
        // A class without a label of its own is called by its place, as in Dify's editor.
        classes: classes.map(({ id, name, label }, at) => ({
          id,
          name,
          template: compileVariableTemplate(name),
          label: label == null || label === '' ? `CLASS ${at + 1}` : label,
        })),
        instruction: compileVariableTemplate(instruction),
        memory: compileMemory(memory, false),
        vision: compileVision(vision),
      },
    },
  };
}
