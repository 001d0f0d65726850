import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';

/** Dify's operators for items of a list; others are refused at import, as in Dify. */
export const LIST_OPERATORS = [
  'contains',
  'start with',
  'end with',
  'is',
  'in',
  'empty',
  'not contains',
  'is not',
  'not in',
  'not empty',
  '=',
  '≠',
  '<',
  '>',
  '≥',
  '≤',
] as const;
export type ListOperator = (typeof LIST_OPERATORS)[number];

export type ListFilter = {
  /** The attribute of files that is compared; of no meaning for other items. */
  readonly key: string;
  readonly operator: ListOperator;
  readonly value: { readonly template: VariableTemplate } | { readonly constant: boolean | readonly string[] };
};

/** The steps of a list-operator node in their order; null: the step is off. */
export type ListOperatorConfig = {
  readonly variable: Selector;
  readonly filters: readonly ListFilter[] | null;
  /** Which item alone is kept, counted from 1. */
  readonly serial: VariableTemplate | null;
  readonly order: { readonly key: string; readonly descending: boolean } | null;
  /** How many items are kept, as the end of a Python slice: -1 leaves out the last. */
  readonly limit: number | null;
};
