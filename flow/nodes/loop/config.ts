import type { Json } from '../../../schemas/core.ts';
import type { IfElseCase } from '../../conditions/index.ts';
import type { Selector } from '../../plan/selector.ts';

export type LoopVariable = {
  readonly name: string;
  /** string, number, object, boolean, array[…]. */
  readonly type: string;
  readonly from: { readonly selector: Selector } | { /** Encoded. */ readonly value: Json };
};

export type LoopConfig = {
  /** At most so many passes. */
  readonly count: number;
  /** When it holds after a pass, or before the first, no other pass begins. Null: there is no such condition. */
  readonly until: IfElseCase | null;
  readonly variables: readonly LoopVariable[];
};
