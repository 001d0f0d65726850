import { encodeValue } from '../../schemas/core.ts';
import { valueOfPlain } from '../import/yaml-values.ts';
import type { ModelConfig } from '../nodes/model-config.ts';

type ModelData = {
  readonly provider: string;
  readonly name: string;
  readonly mode?: 'chat' | 'completion' | null | undefined;
  readonly completion_params?: Readonly<Record<string, unknown>> | null | undefined;
};

export const compileModel = (model: ModelData): ModelConfig => ({
  provider: model.provider,
  name: model.name,
  mode: model.mode ?? 'chat',
  params: encodeValue(valueOfPlain(model.completion_params ?? {})),
});
