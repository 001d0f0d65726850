import type { VariableTemplate } from '../../text/index.ts';

export type AnswerConfig = { readonly template: VariableTemplate };
