import type { IfElseCase } from '../../conditions/index.ts';

export type IfElseConfig = { readonly cases: readonly IfElseCase[] };
