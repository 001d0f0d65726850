import type { Json } from '../../schemas/core.ts';

/** The model a node asks, as the DSL names it. */
export type ModelConfig = { readonly provider: string; readonly name: string; readonly mode: 'chat' | 'completion'; readonly params: Json };
