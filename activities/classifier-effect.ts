import { classifierMessages, parseCategory } from '../flow/index.ts';
import { fromPlain, NO_USAGE, type EffectRequest, type ModelRouter, type Value } from '../schemas/index.ts';
import { modelFailed, paramsOf, usageOf, usageValue } from './llm-effect.ts';
import { failedWith, type Performed } from './performed.ts';

type ClassifierRequest = Extract<EffectRequest, { kind: 'question-classifier' }>;

/** Asks which class a text belongs to: a trained classifier by the class names, a chat model by a prompt. */
export async function performClassifier(request: ClassifierRequest, models: ModelRouter, signal: AbortSignal): Promise<Performed> {
  const resolved = await models.resolve(request.model);
  if (resolved.kind === 'none') return failedWith('ModelNotFoundError', resolved.message);
  if (resolved.kind === 'classifier') {
    const { label, probabilities } = resolved.classifier.classify(request.query);
    const chosen = request.classes.find((item) => item.name === label);
    if (chosen === undefined) {
      const names = request.classes.map((item) => `"${item.name}"`).join(', ');
      return failedWith(
        'ClassNotFoundError',
        `the classifier ${resolved.name} answered "${label}", but the node's classes are ${names}: name the classes as the labels it was trained on (${resolved.classifier.labels.join(', ')})`,
      );
    }
    return {
      outputs: new Map<string, Value>([
        ['class_name', chosen.name],
        ['class_id', chosen.id],
        ['probabilities', fromPlain(probabilities)],
      ]),
      usage: NO_USAGE,
      elapsedMs: 0,
    };
  }
  const answer = await resolved.model.complete(
    { model: resolved.name, messages: classifierMessages(request), params: paramsOf(request.model.params), schema: null },
    { signal },
  );
  if (!answer.ok) return modelFailed(answer.failure);
  const classId = parseCategory(answer.reply.text, request.classes);
  const chosen = request.classes.find((item) => item.id === classId) ?? request.classes[0];
  const outputs = new Map<string, Value>([
    ['class_name', chosen?.name ?? ''],
    ['class_id', chosen?.id ?? ''],
    ['usage', usageValue(answer.reply)],
  ]);
  return { outputs, usage: usageOf(answer.reply), elapsedMs: answer.reply.elapsedMs };
}
