import type { NamedSelector } from '../../plan/selector.ts';

export type EndConfig = { readonly outputs: readonly NamedSelector[] };
