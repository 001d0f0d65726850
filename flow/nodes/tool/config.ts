import type { Json, ToolName } from '../../../schemas/core.ts';
import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';

/** How an argument is bound. `required`: a run without its variable fails here. A constant is an encoded value. */
export type ToolArgument = { readonly name: string } & (
  { readonly template: VariableTemplate } | { readonly selector: Selector; readonly required: boolean } | { readonly constant: Json }
);

export type ToolConfig = { readonly tool: ToolName; readonly arguments: readonly ToolArgument[] };
