import { encodeValue } from '../../../schemas/core.ts';
import { startDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';

const KNOWN_TYPES: ReadonlySet<string> = new Set(['text-input', 'paragraph', 'select', 'number', 'checkbox', 'json_object', 'json']);

export function compileStart(data: YamlPlain): BehaviourResult {
  const parsed = startDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const variables = parsed.data.variables.map((variable) => ({
    name: variable.variable,
    type: variable.type,
    required: variable.required ?? false,
    default: encodeValue(valueOfPlain(variable.default ?? null)),
    options: variable.options.map(String),
    maxLength: variable.max_length ?? null,
  }));
  const unknown = variables.filter((variable) => !KNOWN_TYPES.has(variable.type));
  const warnings = unknown.map((variable) => `input "${variable.name}" has the type "${variable.type}", which cannot be given yet`);
  return { ok: true, behaviour: { kind: 'start', config: { variables } }, warnings };
}
