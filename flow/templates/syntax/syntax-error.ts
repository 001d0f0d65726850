/** What is wrong with a template, where, and how to mend it. Lines and columns count from 1. */
export type TemplateProblem = { readonly line: number; readonly column: number; readonly message: string };

/** Leaves the parser from any depth; `compileTemplate` turns it into a value. */
export class TemplateSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = 'TemplateSyntaxError';
    this.offset = offset;
  }
}
