import { parseAllDocuments, stringify } from 'yaml';
import { parseJson, toJsonText } from '../../../schemas/core.ts';
import { DocumentFailure } from '../failure.ts';

/** JSON with two blanks of indent, as Dify gives it; numbers as they were written apart from their spelling. */
export function jsonText(text: string): string {
  const parsed = parseJson(text.replace(/^\ufeff/, ''));
  if (!parsed.ok)
    throw new DocumentFailure(`it is no JSON: ${parsed.error.message} (line ${parsed.error.line}, column ${parsed.error.column})`);
  return toJsonText(parsed.value, 2);
}

const MAX_ALIASES = 100;

/** YAML written anew in block style; several documents are parted by `---`. */
export function yamlText(text: string): string {
  const documents = parseAllDocuments(text, { uniqueKeys: false, intAsBigInt: true, schema: 'yaml-1.1', logLevel: 'silent' });
  const list = Array.isArray(documents) ? documents : [];
  const bad = list.flatMap((document) => document.errors)[0];
  if (bad !== undefined) throw new DocumentFailure(`it is no YAML: ${bad.message.split('\n')[0] ?? 'it cannot be read'}`);
  return list
    .map((document) => {
      try {
        return stringify(document.toJS({ maxAliasCount: MAX_ALIASES }), { indentSeq: false, lineWidth: 80, aliasDuplicateObjects: false });
      } catch (cause) {
        throw new DocumentFailure(`it is no YAML that can be read: ${cause instanceof Error ? cause.message : 'it is damaged'}`);
      }
    })
    .join('---\n');
}
