import type { NamedSelector } from '../../plan/selector.ts';
import type { CompiledTemplate } from '../../templates/index.ts';

export type TemplateConfig = { readonly variables: readonly NamedSelector[]; readonly template: CompiledTemplate };
