import { codeDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { codeWarnings } from './code-warnings.ts';
import type { OutputType } from './config.ts';

export function compileCode(data: YamlPlain): BehaviourResult {
  const parsed = codeDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const language = parsed.data.code_language;
  if (language !== 'javascript' && language !== 'python3')
    return { ok: false, message: `code_language is "${language}": javascript or python3 was expected` };
  const warnings = codeWarnings(language, parsed.data.code);
  const variables = parsed.data.variables.map((variable) => ({ name: variable.variable, selector: variable.value_selector }));
  const outputs = declarations(parsed.data.outputs ?? {});
  return { ok: true, behaviour: { kind: 'code', config: { language, code: parsed.data.code, variables, outputs } }, warnings };
}

type Declaration = { readonly type: string; readonly children?: Readonly<Record<string, Declaration>> | null | undefined };

function declarations(outputs: Readonly<Record<string, Declaration>>): Readonly<Record<string, OutputType>> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, children }]) => [
      name,
      { type, children: children == null ? null : declarations(children) },
    ]),
  );
}
