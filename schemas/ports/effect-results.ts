import type { EffectResult } from '../effects.ts';
import type { WorkspaceId } from '../event-envelope.ts';

/** Written by an effect's executor before the fact that names it. */
export type EffectStore = {
  find(workspaceId: WorkspaceId, runId: string, effectId: string): Promise<EffectResult | undefined>;
  /** A result of the same content within a scope of reuse (an evaluation). */
  findReusable(workspaceId: WorkspaceId, scope: string, contentKey: string): Promise<EffectResult | undefined>;
  /** Stores it; when one is there already, that one stays and is returned. */
  put(
    workspaceId: WorkspaceId,
    entry: {
      readonly runId: string;
      readonly effectId: string;
      readonly result: EffectResult;
      readonly reuse?: { readonly scope: string; readonly contentKey: string };
    },
  ): Promise<EffectResult>;
};
