/** Language models behind OpenAI-compatible endpoints, and a text classifier that is trained here. */
export { trainClassifier, type TrainedClassifier, type TrainOptions } from './classifier/train.ts';
export { evaluateClassifier, loadClassifier } from './classifier/classify.ts';
export { encodeArtifact, type ClassifierArtifact } from './classifier/artifact.ts';
export { classOfText, enumAnswer, type ClassifierAnswer } from './classifier/answers.ts';
export type { ClassifierMetrics } from './classifier/metrics.ts';
export type { LabelledText } from './classifier/folds.ts';
export { createOpenAiChatModel, type OpenAiChatModelOptions } from './openai/chat-model.ts';
export { ResponseTooLargeError, type TextExchange } from './openai/http-transport.ts';
export type { PriceTable } from './openai/price.ts';
export type { RetryPolicy } from './openai/retry-policy.ts';
export { createPace, type Pace, type PaceOptions } from './pace.ts';
export { paramWarnings } from './param-warnings.ts';
export { mapModel, type ModelMap } from './model-map.ts';
export { readModelText, shortProviderId, type ModelName } from './provider-names.ts';
export {
  resolveModel,
  type ModelProblem,
  type ModelResolution,
  type ModelSettings,
  type ModelTarget,
  type ProviderSettings,
} from './registry.ts';
