import type { NodeBehaviour } from '../nodes/configs.ts';

/** A node's data, read; or why it cannot be, in one sentence. Warnings are one sentence each. */
export type BehaviourResult =
  | { readonly ok: true; readonly behaviour: NodeBehaviour; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly message: string };
