import type { Effect, EffectResult } from '../effects.ts';
import type { WorkspaceId } from '../event-envelope.ts';

/**
 * A place among the calls in flight. Who calls takes it just before and gives it back while waiting to try again; else it is held until
 * the answer is stored, so that a crash makes no more calls be paid twice than the limit allows to be in flight.
 */
export type CallSlot = {
  /** Waits for its turn; nothing to wait for when held already. Rejects with the signal's reason when aborted meanwhile. */
  take(signal: AbortSignal): Promise<void>;
  /** Does nothing when not held. */
  giveBack(): void;
};

/** `slot`: for calls to outside; without one they are not limited. */
export type PerformOptions = { readonly signal: AbortSignal; readonly slot?: CallSlot };

/** What is asked of a person has no answer yet. `until`: when the wait ends by itself, milliseconds since 1970; null when it does not. */
export class StillWaiting extends Error {
  readonly until: number | null;

  constructor(until: number | null) {
    super('nobody has answered yet');
    this.until = until;
  }
}

/** Performs one effect, to the end: a failure is a result. Rejects only when aborted, or with StillWaiting. */
export type EffectExecutor = (effect: Effect, options: PerformOptions) => Promise<EffectResult>;

/** Fills in secrets at the last moment. */
export type SecretStore = {
  /** The current version of a secret; undefined when there is none of that name. */
  version(workspaceId: WorkspaceId, name: string): string | undefined;
  reveal(workspaceId: WorkspaceId, ref: { readonly secret: string; readonly version: string }): string | undefined;
  /** Values that must not appear in outputs, logs or events. */
  values(workspaceId: WorkspaceId): readonly string[];
};
