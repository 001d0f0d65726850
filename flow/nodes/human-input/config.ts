import type { Json } from '../../../schemas/core.ts';
import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';

export type FormField = {
  /** The variable that holds what the person gives. */
  readonly name: string;
  /** As the DSL has it: text_input, paragraph, … */
  readonly type: string;
  /** What stands in the field before somebody writes into it. */
  readonly from: { readonly selector: Selector } | { /** Encoded. */ readonly value: Json };
};

export type HumanInputConfig = {
  /** Markdown; `{{#$output.NAME#}}` stands for a field. */
  readonly form: VariableTemplate;
  readonly fields: readonly FormField[];
  /** What the person may decide: each is a handle. */
  readonly actions: readonly { readonly id: string; readonly title: string }[];
  /** Milliseconds after which the handle `__timeout` is taken; null waits for good. */
  readonly timeoutMs: number | null;
};
