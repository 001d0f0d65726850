import { encodeValue } from '../../../schemas/core.ts';
import { startDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import type { FileRules, StartVariable } from './config.ts';
import { isFileType, isInputType } from './input-values.ts';

export function compileStart(data: YamlPlain): BehaviourResult {
  const parsed = startDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const variables = parsed.data.variables.map((variable): StartVariable => {
    const { variable: name, type, required, max_length, options } = variable;
    return {
      name,
      type,
      required: required ?? false,
      default: encodeValue(valueOfPlain(variable.default ?? null)),
      options: options.map(String),
      maxLength: max_length ?? null,
      ...(isFileType(type) ? { files: fileRules(variable) } : {}),
    };
  });
  const unknown = variables.filter((variable) => !isInputType(variable.type));
  const described = parsed.data.variables.filter(({ type, json_schema }) => type === 'json_object' && !isNothing(json_schema));
  const warnings = [
    ...unknown.map(({ name, type }) => `input "${name}" has the type "${type}", which cannot be given yet`),
    ...described.map(({ variable }) => `the schema of the input "${variable}" (json_schema) is not checked here`),
  ];
  return { ok: true, behaviour: { kind: 'start', config: { variables } }, warnings };
}

/** As Dify writes a schema that was left empty. */
const isNothing = (schema: unknown): boolean =>
  schema === null || schema === undefined || schema === '' || (typeof schema === 'object' && Object.keys(schema).length === 0);

function fileRules(variable: Readonly<Record<string, unknown>>): FileRules {
  const extensions = textsOf(variable['allowed_file_extensions']).map((extension) => extension.toLowerCase());
  return {
    types: textsOf(variable['allowed_file_types']),
    extensions: extensions.map((extension) => (extension.startsWith('.') ? extension : `.${extension}`)),
    methods: textsOf(variable['allowed_file_upload_methods']),
  };
}

const textsOf = (list: unknown): readonly string[] => (Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []);
