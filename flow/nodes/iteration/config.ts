import type { Selector } from '../../plan/selector.ts';

export type IterationConfig = {
  readonly items: Selector;
  /** What a pass gives: a variable of a node within. */
  readonly output: Selector;
  /** How many passes may run at the same time; 1 is one after the other. */
  readonly parallel: number;
  /** What a pass that failed means: the end of the iteration, a null in the results, or nothing in them. */
  readonly onError: 'terminated' | 'continue-on-error' | 'remove-abnormal-output';
  /** Lists that the passes gave become one list. */
  readonly flatten: boolean;
};
