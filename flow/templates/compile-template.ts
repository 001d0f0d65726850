import { FILTERS, TESTS } from './filters/index.ts';
import type { CompiledTemplate } from './syntax/ast.ts';
import { lineStartsOf, MAX_DEPTH, placeOf, TokenCursor } from './syntax/cursor.ts';
import { normalizeSource, tokenize } from './syntax/lexer.ts';
import { parseTemplate } from './syntax/parse-statement.ts';
import { resolveTemplate } from './syntax/resolve.ts';
import { TemplateSyntaxError, type TemplateProblem } from './syntax/syntax-error.ts';
import { findTooDeep } from './syntax/walk.ts';

export type CompileResult =
  { readonly ok: true; readonly template: CompiledTemplate } | { readonly ok: false; readonly errors: readonly TemplateProblem[] };

const NAMES = { filters: new Set(FILTERS.keys()), tests: new Set(TESTS.keys()) };

/**
 * Compiles a Jinja template. What this engine does not render byte for byte as Jinja2 3.1.6 (sandboxed, default settings) is an
 * error here, or when it is met in rendering; each error says where and how to mend it.
 */
export function compileTemplate(source: string): CompileResult {
  const text = normalizeSource(source);
  try {
    const cursor = new TokenCursor(text, tokenize(text));
    const nodes = parseTemplate(cursor);
    const deep = findTooDeep(nodes, MAX_DEPTH);
    if (deep !== undefined) throw new TemplateSyntaxError(`the template is nested deeper than ${MAX_DEPTH} levels`, deep.offset);
    return { ok: true, template: resolveTemplate(nodes, { names: NAMES, lineAt: (offset) => cursor.lineAt(offset) }) };
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    return { ok: false, errors: [{ ...placeOf(lineStartsOf(text), error.offset), message: error.message }] };
  }
}
