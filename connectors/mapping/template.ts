import { renderText } from '../../flow/index.ts';
import { compileMeta } from './meta.ts';
import { fieldReader, parsePath } from './path.ts';
import type { ExpressionProblem, ExpressionResult, Read } from './record-view.ts';

const TOKEN = /\{\{#(.*?)#\}\}/gs;
/** What other template languages use, and what is left of a token that is not closed. */
const LOOKS_LIKE_A_VARIABLE = /\{\{#|\{\{\s*[\p{L}_][\p{L}\p{N}_.]*\s*\}\}/u;
const RECORD = 'record.';
const META = 'meta.';

/**
 * Text with variables as Dify writes them: `{{#record.PATH#}}` and `{{#meta.NAME#}}`. A value is printed as Dify prints it in a prompt;
 * where the record has none, nothing stands there.
 */
export function compileTemplate(source: string): ExpressionResult {
  const parts: (string | Read)[] = [];
  let readsMeta = false;
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    parts.push(source.slice(end, match.index));
    end = match.index + match[0].length;
    const variable = compileVariable(match[1] ?? '', match[0]);
    if (!variable.ok) return variable;
    parts.push(variable.expression.read);
    readsMeta ||= variable.expression.readsMeta;
  }
  parts.push(source.slice(end));
  const odd = parts.flatMap((part) => (typeof part === 'string' ? (LOOKS_LIKE_A_VARIABLE.exec(part)?.[0] ?? []) : []))[0];
  if (odd !== undefined) return { ok: false, problem: notAVariable(odd) };
  return { ok: true, expression: { read: (view) => render(parts, view), text: `template "${source.slice(0, 60)}"`, readsMeta } };
}

function compileVariable(name: string, written: string): ExpressionResult {
  if (name.startsWith(META)) return compileMeta(name.slice(META.length), written);
  if (!name.startsWith(RECORD)) return { ok: false, problem: notAVariable(written) };
  const field = name.slice(RECORD.length);
  const parsed = parsePath(field);
  if (!parsed.ok) return parsed;
  return { ok: true, expression: { read: fieldReader(field, parsed.path), text: written, readsMeta: false } };
}

const notAVariable = (written: string): ExpressionProblem => ({
  message: `the template has "${written}", which is not filled in`,
  hint: 'write {{#record.PATH#}} for a field of the record and {{#meta.key#}} (or timestamp, topic, partition, offset, headers.NAME) for what stands around it',
});

function render(parts: readonly (string | Read)[], view: Parameters<Read>[0]): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : renderText(part(view) ?? null);
  return text;
}
