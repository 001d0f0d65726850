/** A compiled template; plain data that can be stored as JSON. */
export type CompiledTemplate = { readonly version: 1; readonly body: readonly Statement[] };
export type Statement = { readonly k: 'text'; readonly text: string };
