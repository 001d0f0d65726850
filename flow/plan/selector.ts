/** The name of a variable: a node's id or a namespace, the variable, then keys within an object. */
export type Selector = readonly string[];
export type NamedSelector = { readonly name: string; readonly selector: Selector };
