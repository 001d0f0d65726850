import type { Json } from '../../../schemas/core.ts';
import { parameterExtractorDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileModel } from '../../plan/compile-model.ts';
import { compileVariableTemplate } from '../../text/index.ts';
import { compileMemory } from '../model-memory.ts';
import { compileVision } from '../model-vision.ts';
import type { Parameter, ParameterType } from './config.ts';

/** Names of older files. */
const OLD_TYPES = { bool: 'boolean', select: 'string' } as const;

export function compileExtractor(data: YamlPlain): BehaviourResult {
  const parsed = parameterExtractorDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { model, query, instruction, reasoning_mode, memory, vision } = parsed.data;
  const described = parsed.data.parameters.map(({ name, type, options, description, required }) => ({
    name,
    type: type === 'bool' || type === 'select' ? OLD_TYPES[type] : type,
    options,
    required: required === true,
    description,
  }));
  return {
    ok: true,
    warnings: [],
    behaviour: {
      kind: 'parameter-extractor',
      config: {
        model: compileModel(model),
        query,
        parameters: described.map(({ name, type, options, required }) => ({ name, type, options, required })),
        schema: {
          type: 'object',
          properties: Object.fromEntries(described.map((parameter) => [parameter.name, propertySchema(parameter)])),
          required: described.filter(({ required }) => required).map(({ name }) => name),
        },
        instruction: compileVariableTemplate(instruction),
        mode: reasoning_mode ?? 'function_call',
        memory: compileMemory(memory, false),
        vision: compileVision(vision),
      },
    },
  };
}

type Described = Parameter & { readonly description: string };

const propertySchema = ({ type, options, description }: Described): Json => ({
  description,
  ...typeSchema(type),
  ...(options.length === 0 ? {} : { enum: options }),
});

function typeSchema(type: ParameterType): { readonly [key: string]: Json } {
  const item = /^array\[(.*)\]$/.exec(type)?.[1];
  return item === undefined ? { type } : { type: 'array', items: { type: item } };
}
