import { questionMessages, readCategory } from '../flow/index.ts';
import { float, NO_USAGE, type EffectRequest, type PerformOptions, type Value } from '../schemas/index.ts';
import { askModel, findModel, usageOf, usageValue, type ModelDeps } from './ask-model.ts';
import type { Performed } from './performed.ts';

type ClassifierRequest = Extract<EffectRequest, { kind: 'question-classifier' }>;

/** Asks which class a text belongs to: a trained classifier by the class names, a language model by a prompt. */
export async function performClassifier(request: ClassifierRequest, deps: ModelDeps, options: PerformOptions): Promise<Performed> {
  const found = await findModel(request.model, deps);
  if (found.kind === 'failed') return found.failed;
  if (found.kind === 'classifier') {
    const startedAt = performance.now();
    const chosen = found.classifier.chooseClass(request.query, request.classes);
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
  const answer = await askModel(found.target, { ref: request.model, messages: questionMessages(request) }, deps, options);
  if (!answer.ok) return answer.failed;
  const category = readCategory(answer.reply.text, request.classes);
  const outputs = new Map<string, Value>([
    ['class_name', category.className],
    ['class_id', category.classId],
    ['usage', usageValue(answer.reply)],
  ]);
  return { outputs, usage: usageOf(answer.reply), elapsedMs: answer.reply.elapsedMs };
}
