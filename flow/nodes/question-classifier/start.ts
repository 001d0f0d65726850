import type { SecretRef, Value, Values } from '../../../schemas/core.ts';
import { DEFAULT_HANDLE, failed, type Conclusion, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { renderTemplate } from '../../text/index.ts';
import { historyText } from '../model-memory.ts';
import { askedModel } from '../model-params.ts';
import { queryOf } from '../model-query.ts';
import { visionImages } from '../model-vision.ts';
import type { ClassifierConfig } from './config.ts';

/** The class that pinned outputs stand for: the first where they name none. */
export function pinnedClass({ classes }: ClassifierConfig, outputs: Values): string {
  const named = outputs.get('class_id');
  return typeof named === 'string' ? named : (classes[0]?.id ?? DEFAULT_HANDLE);
}

/** Asks which of its classes the query belongs to. */
export function startClassifier(config: ClassifierConfig, context: NodeContext): NodeOutcome {
  const { lookup } = context;
  const query = queryOf(config.query, lookup);
  const inputs = new Map<string, Value>([['query', query.text]]);
  const shown = visionImages(config.vision, lookup);
  if (!shown.ok) return failed(inputs, 'InvalidVariableTypeError', shown.message);
  const secrets: SecretRef[] = [...query.secrets];
  const rendered = (template: ClassifierConfig['instruction']): string => {
    const { text, secrets: named } = renderTemplate(template, lookup, 'text');
    secrets.push(...named);
    return text;
  };
  const instruction = rendered(config.instruction);
  const classes = config.classes.map(({ id, template, label }) => ({ id, name: rendered(template), label }));
  const { model, secrets: inParams } = askedModel(config.model, context);
  return {
    kind: 'effect',
    inputs,
    secrets: [...secrets, ...inParams],
    request: {
      kind: 'question-classifier',
      model,
      query: query.text,
      classes,
      instruction,
      histories: historyText(config.memory, lookup),
      images: shown.images,
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
  result.set('class_label', chosen.label);
  if (!result.has('class_name')) result.set('class_name', chosen.name);
  return { ok: true, outputs: result, handle: chosen.id };
}
