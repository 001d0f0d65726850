/** Jinja templates, rendered byte for byte as Jinja2 3.1.6 does for everything that is accepted. */
export { compileTemplate, type CompileResult } from './compile-template.ts';
export { DEFAULT_LIMITS, type TemplateLimits } from './limits.ts';
export { arithmetic } from './python/arithmetic.ts';
export { renderJinja, type RenderResult } from './render-template.ts';
export type { CompiledTemplate } from './syntax/ast.ts';
export type { TemplateProblem } from './syntax/syntax-error.ts';
