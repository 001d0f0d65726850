import type { Value } from '../../../schemas/core.ts';
import { failed, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { renderTemplate } from '../../text/index.ts';
import { historyText } from '../model-memory.ts';
import { askedModel } from '../model-params.ts';
import { queryOf } from '../model-query.ts';
import { visionImages } from '../model-vision.ts';
import type { ExtractorConfig } from './config.ts';

/** Asks a model for the parameters in a text. */
export function startExtractor(config: ExtractorConfig, context: NodeContext): NodeOutcome {
  const { lookup } = context;
  const query = queryOf(config.query, lookup);
  const instruction = renderTemplate(config.instruction, lookup, 'text');
  const inputs = new Map<string, Value>([
    ['query', query.text],
    ['instruction', instruction.text],
  ]);
  const shown = visionImages(config.vision, lookup);
  if (!shown.ok) return failed(inputs, 'InvalidVariableTypeError', shown.message);
  const { model, secrets } = askedModel(config.model, context);
  return {
    kind: 'effect',
    inputs,
    secrets: [...query.secrets, ...instruction.secrets, ...secrets],
    request: {
      kind: 'parameter-extractor',
      model,
      query: query.text,
      instruction: instruction.text,
      histories: historyText(config.memory, lookup),
      images: shown.images,
      schema: config.schema,
      mode: config.mode,
    },
  };
}
