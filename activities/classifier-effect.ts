import { questionMessages, readCategory } from '../flow/index.ts';
import { float, NO_USAGE, type EffectRequest, type ModelRouter, type PerformOptions, type Value } from '../schemas/index.ts';
import { modelFailed, paramsOf, usageOf, usageValue } from './llm-effect.ts';
import { failedWith, type Performed } from './performed.ts';

type ClassifierRequest = Extract<EffectRequest, { kind: 'question-classifier' }>;

/** Asks which class a text belongs to: a trained classifier by the class names, a chat model by a prompt. */
export async function performClassifier(request: ClassifierRequest, models: ModelRouter, options: PerformOptions): Promise<Performed> {
  const resolved = await models.resolve(request.model);
  if (resolved.kind === 'none') return failedWith('ModelNotFoundError', `${resolved.message}. ${resolved.hint}`);
  if (resolved.kind === 'classifier') {
    const startedAt = performance.now();
    const chosen = resolved.classifier.chooseClass(request.query, request.classes);
    const elapsedMs = performance.now() - startedAt;
    if (!chosen.ok) return { failure: chosen.failure, usage: NO_USAGE, elapsedMs };
    const { className, classId, probability } = chosen.answer;
    const outputs = new Map<string, Value>([
      ['class_name', className],
      ['class_id', classId],
      ['probability', float(probability)],
    ]);
    return { outputs, usage: NO_USAGE, elapsedMs };
  }
  const answer = await resolved.model.complete(
    { model: resolved.name, messages: questionMessages(request), params: paramsOf(request.model.params), schema: null },
    options,
  );
  if (!answer.ok) return modelFailed(answer.failure);
  const category = readCategory(answer.reply.text, request.classes);
  const outputs = new Map<string, Value>([
    ['class_name', category.className],
    ['class_id', category.classId],
    ['usage', usageValue(answer.reply)],
  ]);
  return { outputs, usage: usageOf(answer.reply), elapsedMs: answer.reply.elapsedMs };
}
