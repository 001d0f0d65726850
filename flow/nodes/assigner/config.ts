import type { Json } from '../../../schemas/core.ts';
import type { Selector } from '../../plan/selector.ts';

/** What an item of a variable assigner (version 2) may do. */
export const ASSIGN_OPERATIONS = [
  'over-write',
  'clear',
  'append',
  'extend',
  'set',
  '+=',
  '-=',
  '*=',
  '/=',
  'remove-first',
  'remove-last',
] as const;
export type AssignOperation = (typeof ASSIGN_OPERATIONS)[number];

export type AssignItem = {
  readonly target: Selector;
  readonly operation: AssignOperation;
  /** What is assigned: another variable's value, a fixed value (encoded), or nothing that Dify could read. */
  readonly input:
    | { readonly kind: 'variable'; readonly selector: Selector }
    | { readonly kind: 'constant'; readonly value: Json }
    | { readonly kind: 'missing' };
};

export type AssignerConfig =
  | { readonly version: 2; readonly items: readonly AssignItem[] }
  | {
      readonly version: 1;
      readonly target: Selector;
      readonly mode: 'over-write' | 'append' | 'clear';
      readonly source: Selector;
    };
