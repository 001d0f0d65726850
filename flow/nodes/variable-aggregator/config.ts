import type { Selector } from '../../plan/selector.ts';

export type AggregatorConfig = {
  readonly variables: readonly Selector[];
  /** Null: one output named `output`. */
  readonly groups: readonly { readonly name: string; readonly variables: readonly Selector[] }[] | null;
};
