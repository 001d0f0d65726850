import { documentExtractorDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';

/** `is_array_file` is not read: whether the variable holds a list is seen at run time, as in Dify. */
export function compileDocumentExtractor(data: YamlPlain): BehaviourResult {
  const parsed = documentExtractorDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  return { ok: true, warnings: [], behaviour: { kind: 'document-extractor', config: { variable: parsed.data.variable_selector } } };
}
