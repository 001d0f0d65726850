// A stand-in until the engine beside it is whole: names and `| lower` only. Replaced by the engine's own entry.
import type { Value } from '../../schemas/core.ts';
import { renderText } from '../text/index.ts';

export type CompiledTemplate = { readonly source: string };
export function compileTemplate(source: string): { readonly ok: true; readonly template: CompiledTemplate } | { readonly ok: false; readonly errors: readonly { readonly line: number; readonly column: number; readonly message: string }[] } {
  return { ok: true, template: { source } };
}
export function renderJinja(template: CompiledTemplate, context: ReadonlyMap<string, Value>): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string } {
  const text = template.source.replace(/\{\{\s*(\w+)\s*(\|\s*lower)?\s*\}\}/g, (_, name: string, lower: string | undefined) => {
    const value = renderText(context.get(name) ?? '');
    return lower === undefined ? value : value.toLowerCase();
  });
  return { ok: true, text };
}
