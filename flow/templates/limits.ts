import { fail, type Budget } from './python/values.ts';

/** What a template may cost before it is stopped. */
export type TemplateLimits = {
  /** Characters of the output. */
  readonly output: number;
  /** Rounds of loops, items of lists and calls, in all; a filter or method of a text also takes one for every 400 characters of it. */
  readonly steps: number;
  /** Calls of macros and recursive loops inside each other. */
  readonly depth: number;
};

/** Dify's limit of the output; the steps are this engine's own. */
export const DEFAULT_LIMITS: TemplateLimits = { output: 400_000, steps: 100_000, depth: 100 };

/** Tells `renderJinja` to begin again with lists and objects of its own. */
export class NeedsOwnValues extends Error {}

/** Counts from zero. `ownValues`: lists and objects belong to this run and may be changed. */
export function startBudget(limits: TemplateLimits, ownValues: boolean): Budget {
  let steps = 0;
  // A text on the way may be longer than the output, since it can still be cut; twice, since a character may have two units.
  const longest = limits.output * 2 + 1000;
  const room = (length: number): void => {
    if (length > longest) fail('LimitError', `a text of the template grows beyond ${limits.output} characters`);
  };
  return {
    spend(count) {
      steps += count;
      if (steps > limits.steps) fail('LimitError', `the template takes more than ${limits.steps} steps`);
    },
    room,
    text(text) {
      room(text.length);
      return text;
    },
    change() {
      if (!ownValues) throw new NeedsOwnValues();
    },
  };
}
