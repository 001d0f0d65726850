import { fromPlain, toJsonText, type FieldExpression } from '../../schemas/index.ts';
import { compileMeta } from './meta.ts';
import { fieldReader, parsePath } from './path.ts';
import type { ExpressionResult, Read } from './record-view.ts';
import { compileTemplate } from './template.ts';

/** Compiles what settings say about where a value is taken from (see `fieldExpression`). */
export function compileExpression(expression: FieldExpression): ExpressionResult {
  if (typeof expression === 'string') return compileField(expression);
  if ('template' in expression) return compileTemplate(expression.template);
  const value = fromPlain(expression.const);
  return { ok: true, expression: { read: () => value, text: `the constant ${toJsonText(value).slice(0, 60)}`, readsMeta: false } };
}

/** `@NAME`, or the field of that very name, else the path. */
export function compileField(text: string): ExpressionResult {
  if (text.startsWith('@')) return compileMeta(text.slice(1), text);
  const parsed = parsePath(text);
  if (!parsed.ok) return parsed;
  const { path } = parsed;
  const read: Read = path.length === 1 && path[0] === text ? ({ fields }) => fields.get(text) : fieldReader(text, path);
  return { ok: true, expression: { read, text: `field "${text}"`, readsMeta: false } };
}
