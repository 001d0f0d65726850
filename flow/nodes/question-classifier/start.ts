import type { Value } from '../../../schemas/core.ts';
import { mappedModel } from '../../engine/mapped-model.ts';
import { DEFAULT_HANDLE, failed, type Conclusion, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { ClassifierConfig } from './config.ts';
import { compileVariableTemplate, renderTemplate, renderText, secretPlaceholder } from '../../text/index.ts';
import { isSecretRef, type Values } from '../../../schemas/core.ts';

/** The class that pinned outputs stand for: the first where they name none. */
export function pinnedClass({ classes }: ClassifierConfig, outputs: Values): string {
  const named = outputs.get('class_id');
  return typeof named === 'string' ? named : (classes[0]?.id ?? DEFAULT_HANDLE);
}

/** Asks which of its classes the query belongs to. */
export function startClassifier(config: ClassifierConfig, context: NodeContext): NodeOutcome {
  const value = context.lookup(config.query);
  if (value === undefined) return failed(new Map(), 'VariableNotFoundError', `the query variable ${config.query.join('.')} does not exist`);
  const secrets = isSecretRef(value) ? [value] : [];
  const query = isSecretRef(value) ? secretPlaceholder(value) : renderText(value);
  const inputs = new Map<string, Value>([['query', query]]);
  // Class names and the instruction may name variables, as any text of a prompt may.
  const instruction = renderTemplate(config.instruction, context.lookup, 'text');
  const classes = config.classes.map((item) => ({
    ...item,
    name: renderTemplate(compileVariableTemplate(item.name), context.lookup, 'text').text,
  }));
  return {
    kind: 'effect',
    inputs,
    secrets: [...secrets, ...instruction.secrets],
    request: {
      kind: 'question-classifier',
      model: mappedModel(config.model, context.modelMap),
      query,
      classes,
      instruction: instruction.text,
    },
  };
}

/** The class id is the handle. An id that is none of the node's counts as the first class, as in Dify. */
export function concludeClassifier(config: ClassifierConfig, outputs: Values): Conclusion {
  const id = outputs.get('class_id');
  const chosen = config.classes.find((item) => item.id === id) ?? config.classes[0];
  if (chosen === undefined) return { ok: false, error: { message: 'the node has no classes', type: 'QuestionClassifierNodeError' } };
  const result = new Map<string, Value>(outputs);
  result.set('class_id', chosen.id);
  result.set('class_label', chosen.label ?? '');
  if (!result.has('class_name')) result.set('class_name', chosen.name);
  return { ok: true, outputs: result, handle: chosen.id };
}
