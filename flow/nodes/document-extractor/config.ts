import type { Selector } from '../../plan/selector.ts';

export type DocumentExtractorConfig = { readonly variable: Selector };
